"""BoTorch's side of bench bo: proposes the next point for a table of points and values.

    python peer.py

A line of standard input is a JSON object: seed, z (points in [-1,1]^d), y (values, larger is better), var (known variances of the values, or
null) and pick. The answer is a line with z, the point to be evaluated next, or with pick the index best of the point with the largest posterior
mean; seconds is the processor time that took.

The model is SingleTaskGP as BoTorch makes it by default. Without noise the acquisition is LogExpectedImprovement. With known variances it is
qLogNoisyExpectedImprovement, which BoTorch recommends there.
"""
import json
import sys
import time
import warnings

import torch
from botorch import fit_gpytorch_mll
from botorch.acquisition import LogExpectedImprovement
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.models import SingleTaskGP
from botorch.optim import optimize_acqf
from gpytorch.mlls import ExactMarginalLogLikelihood

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
warnings.filterwarnings("ignore")


def answer(r):
    torch.manual_seed(r["seed"])
    x = (torch.tensor(r["z"]) + 1) / 2
    y = torch.tensor(r["y"])[:, None]
    noise = None if r["var"] is None else torch.tensor(r["var"])[:, None]
    model = SingleTaskGP(x, y, train_Yvar=noise)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    if r["pick"]:
        return {"best": int(model.posterior(x).mean.argmax())}
    if noise is None:
        acquisition = LogExpectedImprovement(model, best_f=y.max())
    else:
        acquisition = qLogNoisyExpectedImprovement(model, X_baseline=x, prune_baseline=True)
    box = torch.stack([torch.zeros(x.shape[1]), torch.ones(x.shape[1])])
    best, _ = optimize_acqf(acquisition, bounds=box, q=1, num_restarts=10, raw_samples=512)
    return {"z": (2 * best[0] - 1).clamp(-1, 1).tolist()}


for line in sys.stdin:
    began = time.process_time()
    out = answer(json.loads(line))
    out["seconds"] = time.process_time() - began
    print(json.dumps(out), flush=True)
