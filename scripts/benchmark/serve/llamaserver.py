"""The server of llama.cpp, from the package xllamacpp: the arguments are the file of weights, threads, places and tokens of context a place. It prints its
address and serves until stdin ends."""
import sys

import xllamacpp

weights, threads, places, context = sys.argv[1], *map(int, sys.argv[2:5])
p = xllamacpp.CommonParams()
p.model.path = weights
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
p.n_parallel = places
p.n_ctx = places * context
p.cache_ram_mib = 0  # questions are all different
p.hostnames, p.port = ["127.0.0.1"], 0
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
