"""Makes optim/sobol/testdata/golden.json: plain Sobol points of SciPy, times 2^32, the first 64 and some far ones.

Run from the root of the repository, with scipy: python scripts/golden/sobol.py
"""
import json
import pathlib

from scipy.stats import qmc

DIM = 21


def points(first, n):
    engine = qmc.Sobol(DIM, scramble=False, bits=32)
    if first:
        engine.fast_forward(first)
    return [[first + i, [int(v * 2**32) for v in row]] for i, row in enumerate(engine.random(n))]


out = points(0, 64) + [p for first in (1000, 65535, 1_000_003) for p in points(first, 1)]
path = pathlib.Path("optim/sobol/testdata/golden.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(out, separators=(",", ":")).replace("]],[", "]],\n[") + "\n")
