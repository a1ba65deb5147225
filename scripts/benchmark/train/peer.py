"""The PyTorch side of bench train: the same model, data, start weights and optimiser, driven a number of steps at a time.

    python peer.py FOLDER eager|compile bf16|f32|high

FOLDER holds what bench.go wrote: shape.json, weights.f32 and tokens.i32. Each line of standard input is a number of steps; the answer is a
line of JSON with the seconds they took, each step's loss, and the peak of resident memory.
"""
import json
import pathlib
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, mode, precision = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_float32_matmul_precision("high" if precision == "high" else "highest")
s = json.loads((folder / "shape.json").read_text())
torch.set_num_threads(s["threads"])
c, tokens = s["config"], np.fromfile(folder / "tokens.i32", np.int32).reshape(-1, s["batch"], s["length"] + 1)
V, C, L, H, KV, D, M = (c[k] for k in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
                                       "num_key_value_heads", "head_dim", "intermediate_size"))
flat, at = torch.from_numpy(np.fromfile(folder / "weights.f32", np.float32)), 0


def take(*shape):
    global at
    n = int(np.prod(shape))
    at += n
    return torch.nn.Parameter(flat[at - n:at].view(shape).clone())


angle = torch.arange(s["length"]).float()[:, None] * c["rope_theta"] ** (-torch.arange(D // 2).float() * 2 / D)
cos, sin = angle.cos(), angle.sin()


def rotate(x):
    a, b = x[..., :D // 2], x[..., D // 2:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.q, self.k, self.v, self.o = take(C), take(H * D, C), take(KV * D, C), take(KV * D, C), take(C, H * D)
        self.n2, self.gate, self.up, self.down = take(C), take(M, C), take(M, C), take(C, M)

    def forward(self, x):
        b, t, _ = x.shape
        h = F.rms_norm(x, (C,), self.n1, c["rms_norm_eps"])
        heads = lambda w, n: F.linear(h, w).view(b, t, n, D).transpose(1, 2)
        q, k, v = rotate(heads(self.q, H)), rotate(heads(self.k, KV)), heads(self.v, KV)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=H != KV)
        x = x + F.linear(a.transpose(1, 2).reshape(b, t, H * D), self.o)
        h = F.rms_norm(x, (C,), self.n2, c["rms_norm_eps"])
        return x + F.linear(F.silu(F.linear(h, self.gate)) * F.linear(h, self.up), self.down)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = take(V, C)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(L))
        self.norm = take(C)

    def forward(self, x, y):
        h = F.embedding(x, self.embed)
        for layer in self.layers:
            h = layer(h)
        h = F.rms_norm(h, (C,), self.norm, c["rms_norm_eps"])
        return F.cross_entropy(F.linear(h, self.embed).float().view(-1, V), y.reshape(-1))


model = Model()
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() == 1]
optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": s["decay"]}, {"params": vectors, "weight_decay": 0.0}],
                              lr=s["lr"], betas=(0.9, 0.95), eps=1e-8, fused=True)
run = torch.compile(model) if mode == "compile" else model
step = 0
for line in sys.stdin:
    losses, began, busy = [], time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        batch = torch.from_numpy(tokens[step % len(tokens)]).long()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = run(batch[:, :-1], batch[:, 1:])
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
        step += 1
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "cpu": time.process_time() - busy, "losses": losses, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
