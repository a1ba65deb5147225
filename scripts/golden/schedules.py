"""Makes optim/testdata/schedules.json: for each schedule the learning rates of torch.optim.lr_scheduler over 100 steps, and a weight that
torch.optim.AdamW has moved under them. WSD is made of three schedulers of PyTorch in sequence.

Run from the root of the repository: python scripts/golden/schedules.py
"""
import json
import math
import pathlib
import warnings

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, SequentialLR

warnings.filterwarnings("ignore")
STEPS, WARM, PEAK, FINAL, DECAY = 100, 7, 2e-2, 0.02, 0.4


def gradient(step, i):
    return math.sin(0.37 * step + i) * 10 ** ((i % 3) - 1)


def after(kind, optimiser):
    """The schedulers behind the warm-up, and the steps at which they begin."""
    rest = STEPS - WARM
    if kind == "constant":
        return [ConstantLR(optimiser, factor=1, total_iters=1)], [WARM]
    if kind == "linear":
        return [LinearLR(optimiser, 1, FINAL, total_iters=rest)], [WARM]
    if kind == "cosine":
        return [CosineAnnealingLR(optimiser, T_max=rest, eta_min=FINAL * PEAK)], [WARM]
    fall = int(STEPS * DECAY)
    return [ConstantLR(optimiser, factor=1, total_iters=1), LinearLR(optimiser, 1, FINAL, total_iters=fall)], [WARM, STEPS - fall]


out = {"torch": torch.__version__.split("+")[0], "steps": STEPS, "warmup": WARM, "peak": PEAK, "final": FINAL, "decay": DECAY, "schedules": {}}
for kind in ("constant", "linear", "cosine", "wsd"):
    weight = torch.nn.Parameter(torch.tensor([math.cos(i) for i in range(6)]))
    adam = torch.optim.AdamW([weight], lr=PEAK, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, foreach=False, fused=False)
    warm = LinearLR(adam, 1 / WARM, 1, total_iters=WARM - 1)
    parts, starts = after(kind, adam)
    schedule = SequentialLR(adam, [warm] + parts, starts)
    rates = []
    for step in range(STEPS):
        rates.append(adam.param_groups[0]["lr"])
        weight.grad = torch.tensor([gradient(step, i) for i in range(6)])
        adam.step()
        schedule.step()
    out["schedules"][kind] = {"rates": rates, "weight": weight.tolist()}
pathlib.Path("optim/testdata/schedules.json").write_text(json.dumps(out, indent=1) + "\n")
