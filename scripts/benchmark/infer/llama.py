"""The llama.cpp side of bench infer.

    python llama.py WEIGHTS.gguf THREADS

Each line of standard input is a task, prefill or decode; the answer is a line of JSON with tokens, seconds, processor
time and the most that the process has had in memory, in bytes.
"""
import json
import resource
import sys
import time

from llama_cpp import Llama

PREFILL, PROMPT, DECODE = 512, 32, 96
THREADS = int(sys.argv[2])
llm = Llama(sys.argv[1], n_ctx=1024, n_batch=512, n_ubatch=512, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)
vocab = llm.n_vocab()


def text(n):
    return [(i * 7919 + 13) % vocab for i in range(n)]


def timed(f):
    began, cpu = time.perf_counter(), time.process_time()
    f()
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}


def decode():
    for i in range(DECODE):
        llm.eval([(i * 104729 + 7) % vocab])


for line in sys.stdin:
    llm.reset()
    if line.strip() == "prefill":
        answer = {"tokens": PREFILL} | timed(lambda: llm.eval(text(PREFILL)))
    else:
        llm.eval(text(PROMPT))
        answer = {"tokens": DECODE} | timed(decode)
    answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(answer), flush=True)
