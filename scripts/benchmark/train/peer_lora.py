"""The side of bench train --lora that is PyTorch's: transformers' LLaMA with an adapter of peft, on the same data, start weights and optimiser, driven
as peer.py is.

    python peer_lora.py FOLDER eager|compile f32
"""
import json
import pathlib
import resource
import sys
import time

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

folder, mode = pathlib.Path(sys.argv[1]), sys.argv[2]
s = json.loads((folder / "shape.json").read_text())
torch.set_num_threads(s["threads"])
torch.set_float32_matmul_precision("highest")
c, tokens = s["config"], np.fromfile(folder / "tokens.i32", np.int32).reshape(-1, s["batch"], s["length"] + 1)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=c["vocab_size"], hidden_size=c["hidden_size"], intermediate_size=c["intermediate_size"], num_hidden_layers=c["num_hidden_layers"],
    num_attention_heads=c["num_attention_heads"], num_key_value_heads=c["num_key_value_heads"], head_dim=c["head_dim"], rope_theta=c["rope_theta"],
    rms_norm_eps=c["rms_norm_eps"], max_position_embeddings=c["max_position_embeddings"], tie_word_embeddings=True, use_cache=False, attn_implementation="sdpa"))
flat, at, weights = np.fromfile(folder / "weights.f32", np.float32), 0, model.state_dict()
layer = ["input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "post_attention_layernorm", "mlp.gate_proj",
         "mlp.up_proj", "mlp.down_proj"]
names = ["model.embed_tokens.weight"]
names += [f"model.layers.{i}.{part}.weight" for i in range(c["num_hidden_layers"]) for part in layer] + ["model.norm.weight"]
for name in names:
    n = weights[name].numel()
    weights[name].copy_(torch.from_numpy(flat[at:at + n]).view(weights[name].shape))
    at += n
assert at == len(flat)
model = get_peft_model(model, LoraConfig(r=s["lora"], lora_alpha=2 * s["lora"], lora_dropout=0, bias="none", task_type="CAUSAL_LM",
                                         target_modules=[part.split(".")[1] for part in layer if "." in part]))
model.train()
optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=s["lr"], betas=(0.9, 0.95), eps=1e-8, weight_decay=s["decay"], fused=True)
run = torch.compile(model) if mode == "compile" else model
step = 0
for line in sys.stdin:
    losses, began, busy = [], time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        batch = torch.from_numpy(tokens[step % len(tokens)]).long()
        logits = run(input_ids=batch[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.float().view(-1, logits.shape[-1]), batch[:, 1:].reshape(-1))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
        step += 1
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - busy, "losses": losses,
                      "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
