"""The side of sentence-transformers in `scripts/bench embed`: for each line that it reads it encodes all texts and answers with its times."""

import json
import resource
import sys
import time

import torch
from sentence_transformers import SentenceTransformer

folder, job, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
model = SentenceTransformer(folder, device="cpu")
with open(job) as f:
    texts = json.load(f)
model.encode(texts[:8])


def processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


for _ in sys.stdin:
    wall, cpu = time.perf_counter(), processor()
    vectors = model.encode(texts, batch_size=32, show_progress_bar=False)
    answer = {"wall": time.perf_counter() - wall, "cpu": processor() - cpu, "vectors": vectors.tolist()}
    print(json.dumps(answer), flush=True)
