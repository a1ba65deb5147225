"""The side of `tokenizers` in bench tokenizer.

    python peer.py JOB.json THREADS

Reads {"tokenizer", "texts"} from the file. For each line of standard input it encodes all texts once and prints {"wall", "cpu", "ids", "sum"}:
seconds, and what the ids add up to, each times its position modulo 997 plus 1.
"""
import json
import os
import resource
import sys
import time

os.environ.update(RAYON_NUM_THREADS=sys.argv[2], TOKENIZERS_PARALLELISM="true")  # before the library reads them
from tokenizers import Tokenizer


def cpu():
    use = resource.getrusage(resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


with open(sys.argv[1], encoding="utf-8") as f:
    job = json.load(f)
tok = Tokenizer.from_file(job["tokenizer"])
for _ in sys.stdin:
    wall, used = time.perf_counter(), cpu()
    out = tok.encode_batch_fast(job["texts"], add_special_tokens=False)
    wall, used = time.perf_counter() - wall, cpu() - used
    ids = [i for e in out for i in e.ids]
    total = sum(i * (k % 997 + 1) for k, i in enumerate(ids))
    print(json.dumps({"wall": wall, "cpu": used, "ids": len(ids), "sum": total}), flush=True)
