"""The llama.cpp side of bench serve: all clients' sequences in one batch, as llama-server computes them, without HTTP.

    python slots.py WEIGHTS.gguf THREADS

Each line of standard input is a load in JSON; the answer is a list of the seconds after which the tokens of each answer came.
"""
import ctypes
import json
import sys
import time

import llama_cpp as ll
import numpy as np

THREADS = int(sys.argv[2])
PIECE = 512  # tokens in a batch, llama-server's default for n_ubatch
ll.llama_backend_init()
quiet = ll.llama_log_callback(lambda *_: None)  # the library keeps the pointer
ll.llama_log_set(quiet, ctypes.c_void_p(0))
model = ll.llama_model_load_from_file(sys.argv[1].encode(), ll.llama_model_default_params())
vocab = ll.llama_model_get_vocab(model)
size = ll.llama_vocab_n_tokens(vocab)


def tokens(text):
    data = text.encode()
    room = (ll.llama_token * (len(data) + 8))()
    n = ll.llama_tokenize(vocab, data, len(data), room, len(room), True, False)
    return list(room[:n])


class Slot:
    def __init__(self):
        self.index = None  # of the prompt; None: free

    def begin(self, index, prompt, fresh):
        self.index, self.prompt, self.fresh, self.at, self.next = index, prompt, fresh, 0, None
        self.began = time.perf_counter()


def run(load):
    prompts = [tokens(p) for p in load["prompts"]]
    fresh = [load["tokens"]] * len(prompts)
    waiting = list(range(len(prompts)))
    slots = [Slot() for _ in range(load["clients"])]
    longest = max(map(len, prompts)) + load["tokens"]
    if load["long"]:
        prompts.append(tokens(load["long"]))
        fresh.append(1)
        slots.append(Slot())
        longest = max(longest, len(prompts[-1]) + 1)
    p = ll.llama_context_default_params()
    p.n_ctx, p.n_seq_max, p.n_batch, p.n_ubatch, p.n_threads, p.n_threads_batch = (longest + 64) * len(slots), len(slots), PIECE, PIECE, THREADS, THREADS
    ctx = ll.llama_init_from_model(model, p)
    memory = ll.llama_get_memory(ctx)
    batch = ll.llama_batch_init(PIECE, 0, 1)
    times = [[] for _ in prompts]
    done = 0
    while done < len(prompts):
        for slot in slots[:load["clients"]]:
            if slot.index is None and waiting:
                i = waiting.pop(0)
                slot.begin(i, prompts[i], fresh[i])
        if load["long"] and not times[-1] and slots[-1].index is None and len(waiting) <= 3 * len(load["prompts"]) // 4:
            slots[-1].begin(len(prompts) - 1, prompts[-1], 1)
        batch.n_tokens = 0
        wanted = []

        def add(token, position, seq, logits):
            i = batch.n_tokens
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, position, 1, logits
            batch.seq_id[i][0] = seq
            batch.n_tokens += 1

        for s, slot in enumerate(slots):
            if slot.index is not None and slot.next is not None:
                wanted.append((slot, s, batch.n_tokens))
                add(slot.next, slot.at, s, 1)
                slot.at += 1
        for s, slot in enumerate(slots):
            if slot.index is not None and slot.next is None:
                while slot.at < len(slot.prompt) and batch.n_tokens < PIECE:
                    last = slot.at + 1 == len(slot.prompt)
                    if last:
                        wanted.append((slot, s, batch.n_tokens))
                    add(slot.prompt[slot.at], slot.at, s, 1 if last else 0)
                    slot.at += 1
        if ll.llama_decode(ctx, batch) != 0:
            raise RuntimeError("llama_decode")
        now = time.perf_counter()
        for slot, s, i in wanted:
            logits = np.ctypeslib.as_array(ll.llama_get_logits_ith(ctx, i), shape=(size,))
            slot.next = int(logits.argmax())
            times[slot.index].append(now - slot.began)
            if len(times[slot.index]) == slot.fresh:
                ll.llama_memory_seq_rm(memory, s, -1, -1)
                slot.index = None
                done += 1
    ll.llama_batch_free(batch)
    ll.llama_free(ctx)
    return times


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
