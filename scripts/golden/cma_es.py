"""Makes optim/cma/testdata/golden.json: trajectories of the program cma (4.5) on given normal deviates.

The samples are made here from cma's own state by the symmetric root of its covariance matrix, m + sigma C^1/2 z, because eigenvectors have
free signs; cma is then told the samples and their values, and its state after each generation is kept.

Run from the root of the repository, with cma 4.5.0 and scipy: python scripts/golden/cma_es.py
"""
import json
import pathlib

import cma
import numpy as np
from cma.utilities.math import Mh
from scipy.linalg import sqrtm
from scipy.special import gammaln

# cma approximates the expected length of a normal vector to 5e-5; ours is exact.
Mh.chiN = staticmethod(lambda n: float(np.sqrt(2) * np.exp(gammaln((n + 1) / 2) - gammaln(n / 2))))

FUNCTIONS = {
    "sphere": lambda x: sum(x * x),
    "rosenbrock": lambda x: sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "ellipsoid": lambda x: sum(1000.0 ** (np.arange(len(x)) / (len(x) - 1)) * x * x),
}


def trajectory(name, dim, sigma, generations, population, seed):
    draw = np.random.default_rng(seed)
    options = {"verbose": -9, "seed": 1, "updatecovwait": 0}
    if population:
        options["popsize"] = population
    start = draw.normal(size=dim)
    es = cma.CMAEvolutionStrategy(start, sigma, options)
    es.sm.C, es.sm.D = np.eye(dim), np.ones(dim)  # it begins with C a little off the unit matrix
    es._updateBDfromSM(es.sm)
    out = {"function": name, "mean": start.tolist(), "sigma": sigma, "population": population, "generations": []}
    for _ in range(generations):
        es.ask()
        z = draw.normal(size=(es.popsize, dim)).round(3)
        root = np.real(sqrtm(es.C))
        x = [es.mean + es.sigma * root @ row for row in z]
        es.tell(x, [FUNCTIONS[name](v) for v in x], check_points=False)  # else long samples are shortened
        es.sm.update_now(-1)
        out["generations"].append({"z": z.tolist(), "mean": es.mean.tolist(), "sigma": es.sigma, "cov": np.array(es.C).tolist()})
    return out


out = [
    trajectory("sphere", 2, 0.5, 15, 0, 1),
    trajectory("rosenbrock", 5, 0.3, 25, 0, 2),
    trajectory("ellipsoid", 4, 1.0, 20, 14, 3),
]
path = pathlib.Path("optim/cma/testdata/golden.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(out, separators=(",", ":")).replace("},{", "},\n{") + "\n")
