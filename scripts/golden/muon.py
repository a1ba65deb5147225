"""Makes optim/testdata/muon.json: weights after 1, 2, 10 and 100 steps of torch.optim.Muon whose Newton-Schulz iteration is in single
precision instead of bf16, so that the comparison is exact.

Run from the root of the repository: python scripts/golden/muon.py
"""
import json
import math
import pathlib

import torch
import torch.optim._muon as muon

STEPS, DECAY = 100, 0.1
HEIGHTS, COLS = (5, 3), 4  # two matrices that lie one below the other: one tall, one wide


def single(grad, coefficients, steps, eps):
    a, b, c = coefficients
    x = grad.T if grad.size(0) > grad.size(1) else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if grad.size(0) > grad.size(1) else x


muon._zeropower_via_newtonschulz = single


def gradient(step, i):
    return math.sin(0.37 * step + i) * 10 ** ((i % 3) - 1)


def rate(step):
    return 1e-2 * (1 + step % 5) / 5


start = [math.cos(i) for i in range(sum(HEIGHTS) * COLS)]
parts, at = [], 0
for rows in HEIGHTS:
    part = torch.tensor(start[at:at + rows * COLS], dtype=torch.float32).view(rows, COLS)
    parts.append((torch.nn.Parameter(part), at))
    at += rows * COLS
optimiser = torch.optim.Muon([p for p, _ in parts], weight_decay=DECAY, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw")
states = []
for step in range(STEPS):
    for p, first in parts:
        p.grad = torch.tensor([gradient(step, first + i) for i in range(p.numel())], dtype=torch.float32).view(p.shape)
    for group in optimiser.param_groups:
        group["lr"] = rate(step)
    optimiser.step()
    if step in (0, 1, 9, STEPS - 1):
        states.append({"step": step + 1, "matrix": [v for p, _ in parts for v in p.detach().flatten().tolist()]})
out = {"torch": torch.__version__.split("+")[0], "states": states}
pathlib.Path("optim/testdata/muon.json").write_text(json.dumps(out, indent=1) + "\n")
