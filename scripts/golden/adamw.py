"""Makes optim/testdata/adamw.json: weights after 1, 2, 10 and 100 steps of torch.optim.AdamW in single precision.

Run from the root of the repository: python scripts/golden/adamw.py
"""
import json
import math
import pathlib

import torch

STEPS, BETAS, EPS, DECAY = 100, (0.9, 0.95), 1e-8, 0.1


def gradient(step, i):
    """A gradient anybody can compute again: it changes sign, varies by five powers of ten and is zero at times."""
    if (step + i) % 7 == 0:
        return 0.0
    return math.sin(0.37 * step + i) * 10 ** ((i % 6) - 3)


def rate(step):
    return 1e-2 * (1 + step % 5) / 5


matrix = torch.nn.Parameter(torch.tensor([math.cos(i) for i in range(12)], dtype=torch.float32))
vector = torch.nn.Parameter(torch.tensor([1 + 0.1 * i for i in range(5)], dtype=torch.float32))
adam = torch.optim.AdamW(
    [{"params": [matrix], "weight_decay": DECAY}, {"params": [vector], "weight_decay": 0.0}],
    betas=BETAS, eps=EPS, foreach=False, fused=False)
states = []
for step in range(STEPS):
    matrix.grad = torch.tensor([gradient(step, i) for i in range(12)], dtype=torch.float32)
    vector.grad = torch.tensor([gradient(step, i + 12) for i in range(5)], dtype=torch.float32)
    for group in adam.param_groups:
        group["lr"] = rate(step)
    adam.step()
    if step in (0, 1, 9, STEPS - 1):
        states.append({"step": step + 1, "matrix": matrix.tolist(), "vector": vector.tolist()})
clipped = torch.nn.Parameter(torch.zeros(4))
clipped.grad = torch.tensor([3.0, -4.0, 12.0, 0.0])
norm = torch.nn.utils.clip_grad_norm_([clipped], 1.0)
out = {"torch": torch.__version__.split("+")[0], "states": states,
       "clip": {"norm": norm.item(), "grad": clipped.grad.tolist()}}
path = pathlib.Path("optim/testdata/adamw.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(out, indent=1) + "\n")
