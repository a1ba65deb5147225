"""Writes stat/testdata/calibration.json: isotonic regression and reliability as scikit-learn has them.

Run from the repository's root: python scripts/golden/calibration.py    (needs scikit-learn==1.9.1)
"""

import json
from pathlib import Path

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

BINS = 5


def main() -> None:
    draw = np.random.default_rng(7)
    x = np.round(draw.normal(size=60), 1)  # with ties
    y = (draw.random(60) < 1 / (1 + np.exp(-1.5 * x))).astype(float)
    at = np.round(np.linspace(-4, 4, 41), 3)
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(x, y)
    p = np.round(draw.random(80), 3) * 0.998 + 0.0011  # none on the border of two bins
    right = draw.random(80) < p**1.5
    share, mean = calibration_curve(right, p, n_bins=BINS)
    cases = np.bincount(np.minimum((p * BINS).astype(int), BINS - 1), minlength=BINS)
    found = {
        "x": x.tolist(), "y": y.tolist(), "at": at.tolist(), "curve": curve.predict(at).tolist(),
        "p": p.tolist(), "right": right.tolist(), "cases": cases.tolist(), "share": share.tolist(), "mean": mean.tolist(),
        "brier": brier_score_loss(right, p), "ece": float((abs(share - mean) * cases).sum() / len(p)),
    }
    path = Path("stat/testdata/calibration.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
