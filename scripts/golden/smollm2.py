"""Makes model/gguf/testdata/smollm2.json: next-token logits of SmolLM2-135M-Instruct on five prompts.

    python scripts/golden/smollm2.py WEIGHTS.gguf > model/gguf/testdata/smollm2.json

Needs torch, transformers, gguf 0.17, llama-cpp-python 0.3.36. The weights are de-quantised here by numpy, from the format's
description, and run by transformers in float64: these are the reference values. llama.cpp says which five tokens it puts first,
in which order; it rounds activations to 8 bits, so its own values are further off and are kept only to show by how much.
"""
import json
import sys

import numpy as np
import torch
from gguf import GGUFReader
from transformers import LlamaConfig, LlamaForCausalLM

# Chosen for a clear order: llama.cpp's rounding of activations moves logits by up to 0.25, which swaps near ties.
PROMPTS = [
    "import numpy as",
    "<|im_start|>system\nYou are a lawyer.<|im_end|>\n<|im_start|>user\nMay I sell software under the MIT license?<|im_end|>\n<|im_start|>assistant\n",
    "Monday, Tuesday, Wednesday,",
    "The first president of the United States was George",
    "Licensed under the Apache License, Version",
]
TOP = 20


def dequantise(t):
    """The values of a tensor, float32, rows outermost."""
    raw, kind, count = np.ascontiguousarray(t.data).view(np.uint8).reshape(-1), t.tensor_type.name, int(np.prod(t.shape))
    if kind == "F32":
        flat = raw.view(np.float32)
    elif kind == "Q8_0":
        blocks = raw.reshape(-1, 34)
        flat = blocks[:, 2:].view(np.int8).astype(np.float32) * blocks[:, :2].view(np.float16).astype(np.float32)
    elif kind == "Q4_1":
        blocks = raw.reshape(-1, 20)
        scale, least = (blocks[:, i : i + 2].copy().view(np.float16).astype(np.float32) for i in (0, 2))
        nibbles = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1)
        flat = nibbles.astype(np.float32) * scale + least
    else:
        raise SystemExit(f"{t.name}: {kind}")
    assert flat.size == count
    return flat.reshape([int(d) for d in reversed(t.shape)])


def half_split(w, heads):
    """Undoes the interleaving of rotary pairs that GGUF's llama layout has."""
    rows, cols = w.shape
    return w.reshape(heads, rows // heads // 2, 2, cols).swapaxes(1, 2).reshape(rows, cols)


def main(path):
    reader = GGUFReader(path)
    meta = {k: f.contents() for k, f in reader.fields.items() if k.startswith("llama.")}
    heads, kv = meta["llama.attention.head_count"], meta["llama.attention.head_count_kv"]
    weights = {t.name: dequantise(t) for t in reader.tensors}
    names = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
             "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    state = {"model.embed_tokens.weight": weights["token_embd.weight"], "model.norm.weight": weights["output_norm.weight"]}
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    for i in range(meta["llama.block_count"]):
        for short, long in names.items():
            w = weights[f"blk.{i}.{short}.weight"]
            if short in ("attn_q", "attn_k"):
                w = half_split(w, heads if short == "attn_q" else kv)
            state[f"model.layers.{i}.{long}.weight"] = w
    config = LlamaConfig(vocab_size=len(weights["token_embd.weight"]), hidden_size=meta["llama.embedding_length"], num_hidden_layers=meta["llama.block_count"],
                         num_attention_heads=heads, num_key_value_heads=kv, intermediate_size=meta["llama.feed_forward_length"],
                         max_position_embeddings=meta["llama.context_length"], rms_norm_eps=meta["llama.attention.layer_norm_rms_epsilon"],
                         rope_parameters={"rope_type": "default", "rope_theta": meta["llama.rope.freq_base"]}, tie_word_embeddings=True)
    model = LlamaForCausalLM(config)
    model.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state.items()})
    model = model.double().eval()

    from llama_cpp import Llama
    peer = Llama(path, n_ctx=256, logits_all=True, n_threads=2, verbose=False)
    out = []
    for prompt in PROMPTS:
        ids = peer.tokenize(prompt.encode(), add_bos=False, special=True)
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1].numpy()
        peer.reset()
        peer.eval(ids)
        theirs = np.array(peer.scores[len(ids) - 1], dtype=np.float64)
        top = np.argsort(-logits, kind="stable")[:TOP]
        out.append({"prompt": prompt, "tokens": ids, "ids": top.tolist(), "logits": [round(float(x), 5) for x in logits[top]],
                    "llama_ids": np.argsort(-theirs, kind="stable")[:5].tolist(),
                    "llama_logits": [round(float(x), 4) for x in np.sort(theirs)[::-1][:5]]})
    json.dump({"made_by": "scripts/golden/smollm2.py", "prompts": out}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
