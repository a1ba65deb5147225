"""Makes tiny random models of each architecture, as GGUF and as Hugging Face's folder, and what transformers computes with them.

    python scripts/golden/architectures.py model/weights/formats/testdata

Needs torch 2.15.0, transformers 5.23.0, gguf 0.19.0 and llama-cpp-python 0.3.36. The GGUF files are written by gguf's own writer, under the names
that its table has, and run by llama.cpp where that has the architecture's window and scaling: its logits must agree with transformers'.
A golden file holds the tokens and the logits [tokens, vocabulary], float32, little-endian, base64.
"""
import base64
import json
import math
import os
import shutil
import sys

import gguf
import llama_cpp
import numpy as np
import torch
from transformers import (AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, LlamaConfig, MistralConfig, Phi3Config, Qwen2Config,
                          Qwen3Config)

VOCAB, LENGTH, WINDOW = 64, 44, 9
SHAPE = dict(vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, pad_token_id=0)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16, rope_theta=500.0)
MODELS = {  # name: configuration, GGUF's architecture, whether llama.cpp computes the same
    "llama": (LlamaConfig(**SHAPE, tie_word_embeddings=False), "llama", True),
    "llama31": (LlamaConfig(**SHAPE, tie_word_embeddings=True, rope_parameters=LLAMA3), "llama", True),
    "mistral": (MistralConfig(**SHAPE, head_dim=8, sliding_window=WINDOW), "llama", False),
    "qwen2": (Qwen2Config(**SHAPE, tie_word_embeddings=True), "qwen2", True),
    "qwen3": (Qwen3Config(**SHAPE, head_dim=8), "qwen3", True),
    "gemma2": (Gemma2Config(**SHAPE, head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW), "gemma2", True),
    "gemma3": (Gemma3TextConfig(**{**SHAPE, "num_hidden_layers": 7}, head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW), "gemma3", True),
    "phi3": (Phi3Config(**SHAPE, tie_word_embeddings=False, sliding_window=WINDOW), "phi3", False),
}


def fill(model, seed):
    draw = torch.Generator().manual_seed(seed)
    gemma = model.config.model_type.startswith("gemma")
    for name, p in model.named_parameters():
        x = torch.randn(p.shape, generator=draw)
        if p.dim() == 2:
            x *= 1.3 / math.sqrt(p.shape[1]) if "embed" not in name else 0.6
        elif name.endswith("bias"):
            x *= 0.3
        else:
            x = 0.2 * x + (0 if gemma else 1)
        x = x.to(torch.bfloat16).float()  # a value that every type of the files can hold
        p.data.copy_(torch.where(x.abs() < 2**-14, 0, x))


def permuted(w, heads):
    """The order of llama's rows of queries and keys in GGUF."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def write_gguf(path, model, arch):
    c = model.config
    w = gguf.GGUFWriter(path, arch)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    head = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
    w.add_key_length(head)
    w.add_value_length(head)
    rope = c.rope_parameters
    w.add_rope_freq_base((rope.get("full_attention") or rope)["rope_theta"])
    if arch in ("llama", "phi3"):
        w.add_rope_dimension_count(head)
    if getattr(c, "sliding_window", None):
        w.add_sliding_window(c.sliding_window)
    if arch == "gemma2":
        w.add_attn_logit_softcapping(c.attn_logit_softcapping)
        w.add_final_logit_softcapping(c.final_logit_softcapping)
    w.add_vocab_size(VOCAB)
    w.add_tokenizer_model("llama")
    w.add_token_list(["<unk>", "<s>", "</s>"] + [f"▁w{i}" for i in range(3, VOCAB)])
    w.add_token_scores([0.0] * VOCAB)
    w.add_token_types([2, 3, 3] + [1] * (VOCAB - 3))
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    table = gguf.get_tensor_name_map(next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch), c.num_hidden_layers)
    for name, p in model.named_parameters():
        x = p.detach().numpy()
        if arch == "llama" and name.endswith("q_proj.weight"):
            x = permuted(x, c.num_attention_heads)
        if arch == "llama" and name.endswith("k_proj.weight"):
            x = permuted(x, c.num_key_value_heads)
        if arch.startswith("gemma") and name.endswith("norm.weight"):
            x = x + 1
        x = np.ascontiguousarray(x)
        w.add_tensor(table.get_name(name, try_suffixes=(".weight", ".bias")), x.astype(np.float16) if x.ndim == 2 else x.astype(np.float32))
    if rope.get("rope_type") == "llama3":
        f = 1 / (rope["rope_theta"] ** (np.arange(0, head, 2) / head))
        wave, old = 2 * np.pi / f, rope["original_max_position_embeddings"]
        low, high, by = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
        smooth = (old / wave - low) / (high - low)
        factors = np.where(wave < old / high, 1, np.where(wave > old / low, by, 1 / ((1 - smooth) / by + smooth)))
        print("   factors", factors)
        w.add_tensor("rope_freqs.weight", factors.astype(np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def by_llama_cpp(path, tokens):
    llm = llama_cpp.Llama(path, n_ctx=64, n_batch=64, logits_all=True, verbose=False, n_threads=1, flash_attn=False,
                          type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32)
    llm.eval(tokens)
    return np.array(llm.scores[: len(tokens)])


def divergence(a, b):
    a, b = (torch.log_softmax(torch.tensor(x, dtype=torch.float64), -1) for x in (a, b))
    return (a.exp() * (a - b)).sum(-1).max().item()


out = sys.argv[1]
for seed, (name, (config, arch, same)) in enumerate(MODELS.items()):
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config).float().eval()
    fill(model, seed)
    if config.tie_word_embeddings:
        model.tie_weights()
    folder = os.path.join(out, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="6KB" if name == "qwen3" else "1GB")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    write_gguf(os.path.join(folder, "model.gguf"), model, arch)
    tokens = [(7 + 5 * i + 3 * i * i) % VOCAB for i in range(LENGTH)]
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0].numpy()
    line = f"{name}: {sum(p.numel() for p in model.parameters())} values, logits {logits.std():.2f}"
    if same:
        other = by_llama_cpp(os.path.join(folder, "model.gguf"), tokens)
        line += f", llama.cpp: KL {divergence(logits, other):.1e}, first {np.mean(logits.argmax(-1) == other.argmax(-1)):.3f}"
    print(line)
    with open(os.path.join(folder, "golden.json"), "w") as f:
        json.dump({"tokens": tokens, "logits": base64.b64encode(logits.astype("<f4").tobytes()).decode()}, f)
        f.write("\n")
