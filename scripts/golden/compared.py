"""Writes experiment/testdata/recorded.json: differences of four recorded runs of the recipe tiny as SciPy and statsmodels have them.

The runs have data.seed 7, seeds 1 and 2, and stages.dp.tokens 128k ("full") and 64k ("half").
Run from the repository's root: python scripts/golden/compared.py    (needs scipy==1.17.1 statsmodels==0.15.0 pandas==3.1.1 pyarrow==26.0.1)
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import statsmodels.formula.api as smf
from scipy import stats
from scipy.optimize import brentq
from statsmodels.stats.anova import anova_lm


def reach(parts: np.ndarray, df: np.ndarray, p: float) -> float:
    """Half the length of the interval, as docs/statistics.md has it."""
    z, seeds, clusters = stats.norm.isf(p / 2), stats.t.isf(p / 2, df[0]), stats.t.isf(p / 2, df[1])
    beyond = max(0.0, parts[1] - parts[2])
    one = seeds**2 * (parts[0] + (df[0] - 1) / (df[0] + seeds**2) * beyond * (clusters / z) ** 2)
    return float((one**4 + (clusters**2 * beyond) ** 4) ** 0.125)


def main() -> None:
    folder = Path("experiment/testdata/recorded")
    rows = pa.ipc.open_file(folder / "items.arrow").read_all().to_pandas()
    found = []
    for system in ("slm", "dp"):
        right = rows[rows.system == system].pivot_table(index=["seed", "item"], columns="variant", values="correct", aggfunc="sum").astype(float)
        d = (right["half"] - right["full"]).rename("d").reset_index()
        one = d[d.seed == 1].d
        test = stats.ttest_1samp(one, 0)
        low, high = test.confidence_interval()
        found.append({"system": system, "seeds": 1, "value": one.mean(), "low": low, "high": high, "p": test.pvalue})
        table = anova_lm(smf.ols("d ~ C(seed) + C(item)", d).fit())
        parts, df = (table["sum_sq"] / table["df"]).to_numpy() / len(d), table["df"].to_numpy()
        value = d.d.mean()
        half = reach(parts, df, 0.05)
        p = brentq(lambda p: reach(parts, df, p) - abs(value), 1e-12, 1 - 1e-12, xtol=1e-14) if value else 1.0
        found.append({"system": system, "seeds": 2, "value": value, "low": value - half, "high": value + half, "p": p})
    Path("experiment/testdata/recorded.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
