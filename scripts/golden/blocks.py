"""Makes model/blocks/testdata/blocks.json: blocks of every type that model/blocks reads, and what ggml makes of them.

    python scripts/golden/blocks.py model/blocks/testdata/blocks.json      # needs numpy, gguf 0.19.0 and llama-cpp-python 0.3.36

The bytes are random; scales are halves that are finite. ggml's own dequantize_row functions give the values, and gguf's in numpy must agree.
A type has the bytes (base64), the first four values, and the SHA-256 over all values as float32, little-endian.
"""
import base64
import ctypes
import glob
import hashlib
import json
import os
import sys

import llama_cpp
import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

BLOCKS = 12
# Where the halves of a block's scales stand.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
    "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": [],
}
FUNCTIONS = {"IQ4_NL": "iq4_nl", "IQ4_XS": "iq4_xs", "MXFP4": "mxfp4"}

(library,) = glob.glob(os.path.join(os.path.dirname(llama_cpp.__file__), "lib", "libggml-base.so*"))[:1]
ggml = ctypes.CDLL(library)


def by_ggml(name, raw, count):
    out = np.empty(count, np.float32)
    suffix = FUNCTIONS.get(name) or (name if name.endswith("_K") else name.lower()).replace("Q", "q")
    function = getattr(ggml, "dequantize_row_" + suffix)
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64], None
    function(raw.ctypes.data, out.ctypes.data, count)
    return out


cases = []
for name, halves in HALVES.items():
    kind = GGMLQuantizationType[name]
    values, size = GGML_QUANT_SIZES[kind]
    draw = np.random.default_rng(kind.value + 1)
    raw = draw.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for at in halves:
        raw[:, at : at + 2] = (draw.standard_normal(BLOCKS) * 0.05).astype(np.float16).view(np.uint8).reshape(BLOCKS, 2)
    if name == "MXFP4":
        raw[:, 0] = [0, 1, 2, 3, 100, 120, 127, 128, 140, 250, 253, 126]
    flat = np.ascontiguousarray(raw.reshape(-1))
    want = by_ggml(name, flat, BLOCKS * values)
    with np.errstate(over="ignore"):
        other = quants.dequantize(flat.reshape(1, -1), kind).reshape(-1)
    same = want.view(np.uint32) == other.view(np.uint32)
    print(name, "equal" if same.all() else f"numpy differs in {np.count_nonzero(~same)} of {same.size}: {want[~same][:3]} {other[~same][:3]}")
    cases.append({"type": kind.value, "name": name, "data": base64.b64encode(flat.tobytes()).decode(), "first": [float(v) for v in want[:4]],
                  "sha256": hashlib.sha256(want.astype("<f4").tobytes()).hexdigest()})
with open(sys.argv[1], "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
