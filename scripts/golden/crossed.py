"""Writes stat/testdata/crossed.json: differences over seeds and items as SciPy and statsmodels have them.

Run from the repository's root: python scripts/golden/crossed.py    (needs scipy==1.17.1 statsmodels==0.15.0 pandas==3.1.1)
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from scipy.optimize import brentq, minimize
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower


def answers(draw: np.random.Generator, seeds: int, sizes: list[int]) -> tuple[list, np.ndarray]:
    """Differences of two systems' answers, −1, 0 or 1, of seeds × items."""
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    at = draw.normal(size=len(sizes))[cluster] * 0.6 + draw.normal(size=len(cluster)) * 0.6 + draw.normal(size=(seeds, 1)) * 0.3
    a = draw.normal(size=(seeds, len(cluster))) + at > 0
    b = draw.normal(size=(seeds, len(cluster))) + at > 0.4 * draw.normal(size=len(cluster)) + 0.3
    return cluster.tolist(), a.astype(float) - b.astype(float)


def one_seed(draw: np.random.Generator, sizes: list[int]) -> dict:
    cluster, d = answers(draw, 1, sizes)
    if max(sizes) == 1:
        test = stats.ttest_1samp(d[0], 0)
        low, high = test.confidence_interval(0.95)
        return {"cluster": cluster, "scores": d.tolist(), "value": d.mean(), "se": stats.sem(d[0]), "df": float(test.df), "p": test.pvalue, "low": low, "high": high}
    fit = sm.OLS(d[0], np.ones(len(cluster))).fit(cov_type="cluster", cov_kwds={"groups": np.array(cluster)}, use_t=True)
    low, high = fit.conf_int()[0]
    return {"cluster": cluster, "scores": d.tolist(), "value": fit.params[0], "se": fit.bse[0], "df": float(len(sizes) - 1), "p": fit.pvalues[0], "low": low, "high": high}


def many_seeds(draw: np.random.Generator, seeds: int, sizes: list[int]) -> dict:
    """The mean squares of the two-way layout of clusters' means; clusters are equally large."""
    cluster, d = answers(draw, seeds, sizes)
    means = np.array([[row[np.array(cluster) == c].mean() for c in range(len(sizes))] for row in d])
    frame = pd.DataFrame([{"y": means[s, c], "s": s, "c": c} for s in range(seeds) for c in range(len(sizes))])
    table = anova_lm(smf.ols("y ~ C(s) + C(c)", frame).fit())
    parts = (table["sum_sq"] / table["df"]).to_numpy() / means.size  # of the mean's variance: seeds, clusters, both
    df = table["df"].to_numpy()
    variance = max(parts[0] + parts[1] - parts[2], parts[0], parts[1])
    freedom = max(1.0, variance**2 / (parts**2 / df).sum())
    se = float(np.sqrt(variance))
    value = float(d.mean())
    half = reach(parts, df, 0.05)
    p = brentq(lambda p: reach(parts, df, p) - abs(value), 1e-12, 1 - 1e-12, xtol=1e-14)
    return {"cluster": cluster, "scores": d.tolist(), "value": value, "se": se, "df": freedom, "p": p, "low": value - half, "high": value + half}


def reach(parts: np.ndarray, df: np.ndarray, p: float) -> float:
    """Half the length of the interval, as docs/statistics.md has it."""
    z, seeds, clusters = stats.norm.isf(p / 2), stats.t.isf(p / 2, df[0]), stats.t.isf(p / 2, df[1])
    beyond = max(0.0, parts[1] - parts[2])
    one = seeds**2 * (parts[0] + (df[0] - 1) / (df[0] + seeds**2) * beyond * (clusters / z) ** 2)
    return float((one**4 + (clusters**2 * beyond) ** 4) ** 0.125)


def mixed(draw: np.random.Generator, seeds: int, sizes: list[int]) -> dict:
    """The crossed model by restricted maximum likelihood."""
    cluster, d = answers(draw, seeds, sizes)
    d = d + draw.normal(size=d.shape) * 0.1 + draw.normal(size=(seeds, 1)) * 0.4
    n = len(cluster)
    frame = pd.DataFrame([{"y": d[s, i], "s": s, "c": c, "i": i, "all": 0} for s in range(seeds) for i, c in enumerate(cluster)])
    names = {"seed": "0 + C(s)", "item": "0 + C(i)"}
    if max(sizes) > 1:
        names["cluster"] = "0 + C(c)"
    fit = smf.mixedlm("y ~ 1", frame, groups="all", vc_formula=names, re_formula="0").fit(reml=True, method=["lbfgs", "powell"], maxiter=3000)
    start = dict(zip(fit.model.exog_vc.names, fit.vcomp))
    z_seed, z_item = np.kron(np.eye(seeds), np.ones((n, 1))), np.kron(np.ones((seeds, 1)), np.eye(n))
    z_cluster = np.kron(np.ones((seeds, 1)), (np.array(cluster)[:, None] == np.arange(len(sizes))).astype(float))
    shapes = [z_seed @ z_seed.T, z_cluster @ z_cluster.T * ("cluster" in names), z_item @ z_item.T, np.eye(seeds * n)]

    def fitted(parts: np.ndarray) -> tuple[float, float, float]:
        v = sum(p * shape for p, shape in zip(parts, shapes))
        inverse, one, y = np.linalg.inv(v), np.ones(seeds * n), d.ravel()
        weight = one @ inverse @ one
        value = one @ inverse @ y / weight
        return np.linalg.slogdet(v)[1] + np.log(weight) + (y - value) @ inverse @ (y - value), value, weight**-0.5

    # MixedLM stops short of the maximum where a component is near 0, so its likelihood is climbed further from where it stops.
    begin = np.array([start["seed"], start.get("cluster", 0.0), start["item"], fit.scale])
    best = minimize(lambda p: fitted(p)[0], begin, method="L-BFGS-B", bounds=[(0, None)] * 3 + [(1e-6, None)], options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000}).x
    assert fitted(best)[0] <= fitted(begin)[0]
    return {"cluster": cluster, "scores": d.tolist(), "value": fitted(best)[1], "se": fitted(best)[2], "seed": best[0], "cluster_part": best[1], "item": best[2], "rest": best[3]}


def main() -> None:
    warnings.simplefilter("ignore")
    draw = np.random.default_rng(16)
    power = [{"errors": e, "df": df, "alpha": a, "power": float(stats.nct.sf(stats.t.ppf(1 - a / 2, df), df, e) + stats.nct.cdf(-stats.t.ppf(1 - a / 2, df), df, e))}
             for e in (0.5, 2.8, 5.0) for df in (1.0, 2.0, 7.5, 99.0) for a in (0.05, 0.01)]
    p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04]
    found = {
        "crossed": [one_seed(draw, [1] * 40), one_seed(draw, [5, 3, 1, 8, 2, 2, 6, 4]), many_seeds(draw, 3, [1] * 30), many_seeds(draw, 5, [4] * 9)],
        "mixed": [mixed(draw, 5, [1] * 24), mixed(draw, 6, [3, 5, 2, 4, 6, 3, 3, 5])],
        "power": power,
        "detectable": {"se": 0.02, "df": 59.0, "alpha": 0.05, "power": 0.8, "difference": 0.02 * 60**0.5 * TTestPower().solve_power(nobs=60, alpha=0.05, power=0.8)},
        "p": p, "holm": multipletests(p, method="holm")[1].tolist(),
    }
    path = Path("stat/testdata/crossed.json")
    path.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
