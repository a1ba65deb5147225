"""Makes model/gguf/testdata/gemma3.json: what llama.cpp makes of Gemma 3 270M (Q4_K_M) on some prompts.

    python scripts/golden/gemma3.py gemma-3-270m-q4_k_m.gguf data/tokenizer/testdata/pretokenizers.json model/gguf/testdata/gemma3.json

Needs llama-cpp-python 0.3.36. A prompt has its tokens and the greedy continuation; where llama.cpp's two first logits lie closer than its own rounding of
activations to 8 bits can turn round (0.4), the continuation ends. The digest is over the ids of 10,000 strings, as in scripts/golden/pretokenizers.py,
without "</s>": the file has it as a word of texts, and llama.cpp takes it for a control token.
"""
import hashlib
import json
import struct
import sys

import llama_cpp
import numpy as np

PROMPTS = [
    "The capital of France is", "Monday, Tuesday, Wednesday,", "def fibonacci(n):\n    if n <= 1:\n", "Question: What is photosynthesis?\nAnswer:",
    "Die Hauptstadt von Deutschland ist", "1, 2, 3, 4, 5,", "Licensed under the Apache License, Version", "  indented   text with  spaces\n\n\nand lines",
    "東京は日本の", "The first president of the United States was", "Water boils at a temperature of", "once upon a time, in a kingdom far away, there lived a",
]
NEW, CLOSE = 24, 0.4


class Draw:
    def __init__(self, fragments):
        self.state, self.fragments = 1, fragments

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n

    def text(self):
        out = []
        for _ in range(self.below(12)):
            if self.below(8) == 0:
                code = self.below([0x80, 0x800, 0x3000, 0x30000][self.below(4)])
                out.append("" if 0xD800 <= code < 0xE000 else chr(code))
            else:
                out.append(self.fragments[self.below(len(self.fragments))])
        return "".join(out)


llm = llama_cpp.Llama(sys.argv[1], n_ctx=512, logits_all=False, verbose=False, n_threads=1)
prompts = []
for p in PROMPTS:
    ids = llm.tokenize(p.encode(), add_bos=True, special=False)
    llm.reset()
    llm.eval(ids)
    new = []
    for _ in range(NEW):
        logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits(llm.ctx), shape=(llm.n_vocab(),))
        first = int(logits.argmax())
        two = np.partition(logits, -2)[-2:]
        if two[1] - two[0] < CLOSE or first == llm.token_eos():
            break
        new.append(first)
        llm.eval([first])
    print(p, "->", llm.detokenize(new).decode(errors="replace"))
    prompts.append({"prompt": p, "tokens": ids, "new": new})
draw, sha = Draw(json.load(open(sys.argv[2]))["fragments"]), hashlib.sha256()
for _ in range(10_000):
    for i in llm.tokenize(draw.text().replace("</s>", "").encode(), add_bos=False, special=False) + [-1]:
        sha.update(struct.pack("<i", i))
with open(sys.argv[3], "w") as f:
    json.dump({"prompts": prompts, "strings": sha.hexdigest()}, f, separators=(",", ":"))
    f.write("\n")
