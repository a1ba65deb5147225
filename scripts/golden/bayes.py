"""Makes optim/bayes/testdata/golden.json: plain Sobol points of torch's engine, and ln(phi(u) + u Phi(u)) to 60 digits by mpmath.

Run from the root of the repository: python scripts/golden/bayes.py
"""
import json
import pathlib

import mpmath
import torch

mpmath.mp.dps = 60


def log_h(u):
    """ln h(u); for u below -1e3 by h = phi(u)/u^2 (1 - 3/u^2 + 15/u^4 - ...), where the plain formula would need too many digits."""
    u = mpmath.mpf(u)
    if u > -1000:
        mpmath.mp.dps = 60 + int(u * u) if u < 0 else 60
        value = mpmath.log(mpmath.npdf(u) + u * mpmath.ncdf(u))
        mpmath.mp.dps = 60
        return value
    series = sum((-1) ** k * mpmath.fac2(2 * k + 1) / u ** (2 * k) for k in range(6))
    return -u * u / 2 - mpmath.log(2 * mpmath.pi) / 2 - 2 * mpmath.log(-u) + mpmath.log(series)


points = torch.quasirandom.SobolEngine(21, scramble=False).draw(64, dtype=torch.float64)
us = [8, 3, 1, 0.5, 0, -0.5, -0.999, -1, -1.001, -2, -3.5, -4.9, -5, -7, -7.1, -10, -28, -29, -50, -1000, -1e5, -999999, -1e6, -1e7]
out = {
    "sobol64": (points * 64).to(torch.int64).tolist(),
    "log_h": [[u, float(log_h(u))] for u in us],
}
path = pathlib.Path("optim/bayes/testdata/golden.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(out, separators=(",", ":")).replace("],[", "],\n[") + "\n")
