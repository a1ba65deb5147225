"""Writes model/safetensors/testdata/small.safetensors and small.json: a file of the format's own library, and its values.

Run from the repository's root: python scripts/golden/tensors.py    (needs torch, safetensors==0.8.0)
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path("model/safetensors/testdata")


def main() -> None:
    torch.manual_seed(14)
    edge = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, 1e-7, 3.140625])
    tensors = {
        "matrix.f32": torch.randn(3, 5),
        "edge.f16": edge.half(),
        "edge.bf16": edge.bfloat16(),
        "cube.bf16": torch.randn(2, 2, 3).bfloat16(),
        "scalar": torch.tensor(-7.25),
        "empty": torch.zeros(0, 4),
        "ids": torch.arange(4),
    }
    save_file(tensors, OUT / "small.safetensors", metadata={"format": "pt"})
    golden = {name: {"shape": list(t.shape), "values": t.float().flatten().tolist()} for name, t in tensors.items() if t.is_floating_point()}
    (OUT / "small.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
