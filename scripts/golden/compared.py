"""Writes experiment/testdata/recorded.json: differences of four recorded runs of the recipe tiny as SciPy and statsmodels have them.

The runs have data.seed 7, seeds 1 and 2, and stages.dp.tokens 128k ("full") and 64k ("half").
Run from the repository's root: python scripts/golden/compared.py    (needs scipy==1.17.1 statsmodels==0.15.0 pandas==3.1.1 pyarrow==26.0.1)
"""

import json
from pathlib import Path

import pyarrow as pa
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm


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
        variance = max(parts[0] + parts[1] - parts[2], parts[0], parts[1])
        freedom = max(1.0, variance**2 / (parts**2 / df).sum())
        half, se = stats.t.ppf(0.975, freedom) * variance**0.5, variance**0.5
        found.append({"system": system, "seeds": 2, "value": d.d.mean(), "low": d.d.mean() - half, "high": d.d.mean() + half, "p": 2 * stats.t.sf(abs(d.d.mean()) / se, freedom)})
    Path("experiment/testdata/recorded.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
