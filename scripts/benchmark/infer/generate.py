"""The transformers side of bench infer: greedy generation with a KV cache in bf16.

    python generate.py FOLDER THREADS

FOLDER holds config.json and weights.f32, as ours.go wrote them. Each line of standard input asks for 96 tokens behind each of 64 prompts of
32; the answer is a line of JSON with tokens and seconds.
"""
import json
import pathlib
import sys
import time

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

SEQUENCES, PROMPT, NEW = 64, 32, 96
torch.set_num_threads(int(sys.argv[2]))
folder = pathlib.Path(sys.argv[1])
c = json.loads((folder / "config.json").read_text())
flat, at = torch.from_numpy(np.fromfile(folder / "weights.f32", np.float32)), 0


def take(*shape):
    global at
    n = int(np.prod(shape))
    at += n
    return flat[at - n:at].view(shape)


V, C, H, KV, D, M = (c[k] for k in ("vocab_size", "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "intermediate_size"))
state = {"model.embed_tokens.weight": take(V, C)}
for i in range(c["num_hidden_layers"]):
    p = f"model.layers.{i}."
    state[p + "input_layernorm.weight"] = take(C)
    for name, rows in (("q", H * D), ("k", KV * D), ("v", KV * D)):
        state[p + f"self_attn.{name}_proj.weight"] = take(rows, C)
    state[p + "self_attn.o_proj.weight"] = take(C, H * D)
    state[p + "post_attention_layernorm.weight"] = take(C)
    for name, rows in (("gate", M), ("up", M)):
        state[p + f"mlp.{name}_proj.weight"] = take(rows, C)
    state[p + "mlp.down_proj.weight"] = take(C, M)
state["model.norm.weight"] = take(C)
state["lm_head.weight"] = state["model.embed_tokens.weight"]
assert at == flat.numel()
config = LlamaConfig(vocab_size=V, hidden_size=C, intermediate_size=M, num_hidden_layers=c["num_hidden_layers"], num_attention_heads=H,
                     num_key_value_heads=KV, head_dim=D, rope_theta=c["rope_theta"], rms_norm_eps=c["rms_norm_eps"], tie_word_embeddings=True,
                     max_position_embeddings=512, bos_token_id=None, eos_token_id=None, pad_token_id=0)
model = LlamaForCausalLM(config)
model.load_state_dict(state)
model = model.to(torch.bfloat16).eval()
prompts = torch.from_numpy(np.random.default_rng(1).integers(1, V, (SEQUENCES, PROMPT)))
mask = torch.ones_like(prompts)
for _ in sys.stdin:
    with torch.inference_mode():
        began, cpu = time.perf_counter(), time.process_time()
        out = model.generate(prompts, attention_mask=mask, max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False, use_cache=True)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert out.shape == (SEQUENCES, PROMPT + NEW)
    print(json.dumps({"tokens": SEQUENCES * NEW, "seconds": seconds, "cpu": cpu}), flush=True)
