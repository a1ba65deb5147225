"""Makes an adapter with peft, and what peft computes with it.

    python scripts/golden/adapters.py model/weights/formats/testdata

Needs torch 2.15.0, transformers 4.57.3 and peft 0.21.2. The model is the tiny LLaMA that architectures.py has made; every value of the adapter counts.
A golden file holds the tokens and the logits [tokens, vocabulary], float32, little-endian, base64. Applied and merged, the adapter must give the same.
"""
import base64
import json
import os
import shutil
import sys

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

ADAPTERS = {  # folder: what LoraConfig is told
    "all": dict(r=4, lora_alpha=6, target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
    "rslora": dict(r=3, lora_alpha=2, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True),
}


def make(root, name, config):
    out = os.path.join(root, "peft", name)
    shutil.rmtree(out, ignore_errors=True)
    base = AutoModelForCausalLM.from_pretrained(os.path.join(root, "llama"), dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **config)).eval()
    draw = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_" in key:
                p.copy_(0.4 * torch.randn(p.shape, generator=draw))
        tokens = torch.randint(3, base.config.vocab_size, (1, 24), generator=draw)
        logits = model(tokens).logits[0]
        model.save_pretrained(out)
        merged = model.merge_and_unload()(tokens).logits[0]
    assert (logits - merged).abs().max() < 1e-4, (logits - merged).abs().max()
    path = os.path.join(out, "adapter_config.json")
    with open(path) as f:
        saved = json.load(f)
    saved["base_model_name_or_path"] = "../../llama"
    saved["target_modules"] = sorted(saved["target_modules"])  # peft has them in the order of a set
    with open(path, "w") as f:
        json.dump(saved, f, indent=2, sort_keys=True)
        f.write("\n")
    os.remove(os.path.join(out, "README.md"))
    with open(os.path.join(out, "golden.json"), "w") as f:
        json.dump({"tokens": tokens[0].tolist(), "logits": base64.b64encode(logits.numpy().astype("<f4").tobytes()).decode()}, f)
        f.write("\n")
    print(name, np.abs(logits.numpy()).max())


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, config in ADAPTERS.items():
        make(sys.argv[1], name, config)
