"""The llama.cpp side of bench infer --prebuilt, by the server in the package xllamacpp, which no compiler has to build.

    python prebuilt.py WEIGHTS.gguf THREADS

Tasks and answers are those of llama.py; the server tells the seconds. Those of decoding have the choice of the likeliest token in them, as ours have.
"""
import json
import resource
import sys
import time

import xllamacpp

PREFILL, PROMPT, DECODE = 512, 32, 96
threads = int(sys.argv[2])
p = xllamacpp.CommonParams()
p.model.path = sys.argv[1]
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
p.n_parallel, p.n_ctx, p.n_batch, p.n_ubatch = 1, 1024, 512, 512
p.cache_ram_mib, p.verbosity = 0, 0
server = xllamacpp.Server(p)


def text(n):
    return [(i * 7919 + 13) % 40_000 for i in range(n)]


def complete(prompt, fresh):
    began = time.process_time()
    reply = server.handle_completions({
        "prompt": text(prompt), "n_predict": fresh, "cache_prompt": False, "ignore_eos": True, "temperature": 0, "samplers": ["temperature"]})
    return (reply if isinstance(reply, dict) else json.loads(reply))["timings"], time.process_time() - began


for line in sys.stdin:
    if line.strip() == "prefill":
        t, cpu = complete(PREFILL, 1)
        assert t["prompt_n"] == PREFILL, t
        answer = {"tokens": PREFILL, "seconds": t["prompt_ms"] / 1000, "cpu": cpu}
    else:
        _, prompt = complete(PROMPT, 1)
        t, cpu = complete(PROMPT, DECODE + 1)  # the first token comes of the prompt's pass
        assert t["predicted_n"] == DECODE + 1, t
        answer = {"tokens": DECODE, "seconds": t["predicted_ms"] / 1000, "cpu": cpu - prompt}
    answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(answer), flush=True)
