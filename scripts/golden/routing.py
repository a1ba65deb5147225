"""Writes stat/testdata/routing.json: the area under a ROC curve as scikit-learn has it, and the measures of RouteLLM (arXiv:2406.18665)
over scikit-learn's area under a curve and NumPy's interpolation.

Run from the repository's root: python scripts/golden/routing.py    (needs scikit-learn==1.9.1)
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import auc, roc_auc_score


def recovered(score, weak, sent, strong):
    """Calls and performance gap recovered, where the questions above each score are sent."""
    calls, gap = [0.0], [0.0]
    for least in sorted(set(score), reverse=True):
        went = score >= least
        quality = np.where(went, sent, weak).mean()
        calls.append(went.mean())
        gap.append((quality - weak.mean()) / (strong - weak.mean()))
    return np.array(calls), np.array(gap)


def threshold(calls, gap, want):
    """The smallest share of calls that recovers so much: on a fine grid, to its step."""
    grid = np.linspace(0, 1, 1_000_001)
    enough = np.interp(grid, calls, gap) >= want
    return float(grid[enough.argmax()]) if enough.any() else None


def main() -> None:
    draw = np.random.default_rng(11)
    cases = []
    for n, digits in [(60, 1), (200, 2), (500, 6)]:
        score = np.round(draw.random(n), digits)  # with ties
        weak = (draw.random(n) < 0.8 - 0.6 * score).astype(float)
        sent = (draw.random(n) < 0.9).astype(float)
        strong = float(sent.mean())
        calls, gap = recovered(score, weak, sent, strong)
        cases.append({
            "score": score.tolist(), "weak": weak.tolist(), "sent": sent.tolist(), "strong": strong,
            "auroc": roc_auc_score(weak, -score), "apgr": auc(calls, gap), "calls": calls.tolist(), "recovered": gap.tolist(),
            "cpt50": threshold(calls, gap, 0.5), "cpt80": threshold(calls, gap, 0.8),
        })
    Path("stat/testdata/routing.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
