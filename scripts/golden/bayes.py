"""Makes optim/bayes/testdata: golden.json, ln(phi(u) + u Phi(u)) to 60 digits by mpmath and as BoTorch computes it, and botorch.json,
BoTorch's Gaussian processes at fixed hyper-parameters: posterior, log marginal likelihood with its gradient, LogEI. mixed.json has the same
of processes over coordinates with and without an order, with BoTorch's CategoricalKernel.

Run from the root of the repository, with botorch 0.18.1: python scripts/golden/bayes.py
"""
import json
import pathlib

import mpmath
import torch
from botorch.acquisition import LogExpectedImprovement
from botorch.acquisition.analytic import _log_ei_helper
from botorch.models import SingleTaskGP
from botorch.models.kernels import CategoricalKernel
from gpytorch.kernels import MaternKernel, RBFKernel

mpmath.mp.dps = 60
torch.set_default_dtype(torch.float64)
folder = pathlib.Path("optim/bayes/testdata")


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


def process(kernel, dim, n, known, seed):
    """BoTorch's process on random data. The mean is the constant of highest likelihood, which ours always takes."""
    torch.manual_seed(seed)
    x, at = torch.rand(n, dim), torch.rand(6, dim)
    y = (torch.sin(4 * x).sum(1) + 0.2 * torch.randn(n))[:, None] * 3 + 7
    var = 0.05 + 0.3 * torch.rand(n, 1) if known else None
    lengths, noise = 0.2 + torch.rand(dim), 0.03
    base = RBFKernel(ard_num_dims=dim) if kernel == "rbf" else MaternKernel(nu=2.5, ard_num_dims=dim)
    model = SingleTaskGP(x, y, train_Yvar=var, covar_module=base)
    model.covar_module.lengthscale = lengths
    if not known:
        model.likelihood.noise = noise
    targets = model.train_targets
    cov = model.likelihood(model.forward(x)).covariance_matrix.detach()
    solved = torch.linalg.solve(cov, torch.stack([targets, torch.ones(n)], 1))
    model.mean_module.constant.data = solved[:, 0].sum() / solved[:, 1].sum()

    model.train()
    out = model(*model.train_inputs)
    value = model.likelihood(out).log_prob(targets)  # without the priors and without dividing by n
    leaves = [model.covar_module.raw_lengthscale] + ([] if known else [model.likelihood.noise_covar.raw_noise])
    slopes = torch.autograd.grad(value, leaves)
    # The derivatives are by raw parameters. The constraints' slopes are taken out, and d/d ln l = l d/dl.
    by_length = slopes[0] / slope(model.covar_module.raw_lengthscale_constraint, leaves[0]) * model.covar_module.lengthscale
    gradient = by_length.flatten().tolist()
    if not known:
        by_noise = slopes[1] / slope(model.likelihood.noise_covar.raw_noise_constraint, leaves[1]) * model.likelihood.noise
        gradient += by_noise.flatten().tolist()

    model.eval()
    posterior = model.posterior(at)
    best = float(y.max()) + 0.5
    return {
        "kernel": kernel, "z": (2 * x - 1).tolist(), "y": y.flatten().tolist(), "var": None if var is None else var.flatten().tolist(),
        "lengths": lengths.tolist(), "noise": 0 if known else noise, "likelihood": value.item(), "gradient": gradient,
        "at": (2 * at - 1).tolist(), "mean": posterior.mean.flatten().tolist(), "variance": posterior.variance.flatten().tolist(),
        "best": best, "log_ei": LogExpectedImprovement(model, best_f=best)(at[:, None]).tolist(),
    }


def mixed(kernel, dim, levels, n, known, seed):
    """A process with covariance (1-both)(k_x + k_h)/2 + both k_x k_h: dim ordered coordinates, then one of so many levels each without order."""
    torch.manual_seed(seed)

    def points(count):
        marks = [torch.randint(k, (count, 1)) / (k - 1) for k in levels]
        return torch.cat([torch.rand(count, dim), *marks], 1)

    x, at = points(n), points(6)
    raw = (torch.sin(4 * x).sum(1) + 0.2 * torch.randn(n)) * 3 + 7
    y = (raw - raw.mean()) / raw.std()
    var = 0.05 + 0.3 * torch.rand(n) if known else torch.zeros(n)
    lengths = 0.2 + torch.rand(dim + len(levels))
    noise, both = (torch.tensor(v, requires_grad=True) for v in (0.03, 0.35))
    first = RBFKernel(ard_num_dims=dim) if kernel == "rbf" else MaternKernel(nu=2.5, ard_num_dims=dim)
    second = CategoricalKernel(ard_num_dims=len(levels))
    first.lengthscale, second.lengthscale = lengths[:dim], lengths[dim:]

    def covariance(a, b):
        kx, kh = first(a[:, :dim], b[:, :dim]).to_dense(), second(a[:, dim:], b[:, dim:]).to_dense()
        return (1 - both) * (kx + kh) / 2 + both * kx * kh

    cov = covariance(x, x) + torch.diag(noise + var / raw.var())
    ones = torch.ones(n)
    mean = (ones @ torch.linalg.solve(cov, y)) / (ones @ torch.linalg.solve(cov, ones))
    value = torch.distributions.MultivariateNormal(mean.detach() * ones, cov).log_prob(y)
    slopes = torch.autograd.grad(value, [first.raw_lengthscale, second.raw_lengthscale, noise, both], retain_graph=True)
    gradient = []
    for by_raw, k in zip(slopes, (first, second)):
        gradient += (by_raw / slope(k.raw_lengthscale_constraint, k.raw_lengthscale) * k.lengthscale).flatten().tolist()
    gradient += [(slopes[2] * noise).item(), (slopes[3] * both * (1 - both)).item()]
    k = covariance(at, x)
    posterior = mean + k @ torch.linalg.solve(cov, y - mean)
    variance = 1 - (k * torch.linalg.solve(cov, k.T).T).sum(1)
    return {
        "kernel": kernel, "ordered": dim, "levels": levels, "z": (2 * x - 1).tolist(), "y": raw.tolist(), "var": var.tolist() if known else None,
        "lengths": lengths.tolist(), "noise": noise.item(), "both": both.item(), "likelihood": value.item(), "gradient": gradient,
        "at": (2 * at - 1).tolist(), "mean": (posterior * raw.std() + raw.mean()).tolist(), "variance": (variance * raw.var()).tolist(),
    }


def slope(constraint, raw):
    raw = raw.detach().clone().requires_grad_(True)
    return torch.autograd.grad(constraint.transform(raw).sum(), raw)[0]


def write(name, out):
    (folder / name).write_text(json.dumps(out, separators=(",", ":")).replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


us = [8, 3, 1, 0.5, 0, -0.5, -0.999, -1, -1.001, -2, -3.5, -4.9, -5, -7, -7.1, -10, -28, -29, -50, -1000, -1e5, -999999, -1e6, -1e7, -1e8]
cases = [process(kernel, dim, n, known, 10 * dim + n)
         for kernel in ("rbf", "matern52") for dim, n in ((1, 6), (3, 12), (10, 25)) for known in (False, True)]
folder.mkdir(parents=True, exist_ok=True)
write("golden.json", {
    "log_h": [[u, float(log_h(u))] for u in us],
    "botorch_log_h": [[u, float(_log_ei_helper(torch.tensor(float(u))))] for u in us],
})
write("botorch.json", cases)
write("mixed.json", [mixed(kernel, dim, levels, n, known, dim + n)
                     for kernel in ("rbf", "matern52") for dim, levels, n in ((1, [3], 8), (2, [4, 2], 14), (5, [30, 3, 2], 25)) for known in (False, True)])
