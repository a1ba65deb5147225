"""Makes model/testdata/llama.json: loss and every gradient of a tiny LlamaForCausalLM in f32, for TestGraph_LossAndGradientsEqualPyTorch.

    python scripts/golden/llama.py model/testdata/llama.json      # needs torch and transformers
"""
import json
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

CONFIG = dict(vocab_size=48, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=4,
              intermediate_size=24, max_position_embeddings=16, rope_theta=10000.0, rms_norm_eps=1e-5)


def value(i: int, j: int) -> float:
    """A reproducible weight: the Go test computes the same from the tensor's index and the element's."""
    x = (i * 7919 + j * 104729 + 12345) % 65536
    return (x / 65536 - 0.5) * 0.6


def case(tied: bool) -> dict:
    model = LlamaForCausalLM(LlamaConfig(**CONFIG, tie_word_embeddings=tied, attn_implementation="eager"))
    model = model.float()
    names = []
    with torch.no_grad():
        for i, (name, p) in enumerate(model.named_parameters()):
            names.append(name)
            flat = torch.tensor([value(i, j) for j in range(p.numel())], dtype=torch.float64)
            if p.dim() == 1:
                flat = 1 + flat
            p.copy_(flat.reshape(p.shape).float())
    tokens = torch.tensor([[(r * 31 + t * t * 5 + 3) % 48 for t in range(12)] for r in range(2)])
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, 48), tokens[:, 1:].reshape(-1))
    loss.backward()
    return {
        "tied": tied, "names": names, "tokens": tokens.tolist(), "loss": loss.item(),
        "gradients": {n: [float(f"{g:.7g}") for g in p.grad.flatten().tolist()] for n, p in model.named_parameters()},
    }


with open(sys.argv[1], "w") as f:
    json.dump({"config": CONFIG, "cases": [case(True), case(False)]}, f, separators=(",", ":"))
