"""Writes data/tokenizer/testdata/golden.json: what the Hugging Face library learns and encodes.

Run from the repository's root: python scripts/golden/tokenizer.py    (needs tokenizers==0.23.3 and Go)

Texts that are not valid UTF-8 go through bytes.decode("utf-8", "replace"), since the library takes nothing else.
"""

import hashlib
import json
import struct
import subprocess
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

OUT = Path("data/tokenizer/testdata/golden.json")
LICENSES = "github.com/google/licenseclassifier/v2"

# Runs and repeats, so that equal counts, overlapping pairs and tokens that two merges give occur.
SMALL = [
    "It was the best of times, it was the worst of times; it was the age of wisdom, it was the age of foolishness.",
    "aaaaaaaaaaa aaaaaaa aaaaa aaa aa a abababab babab ab ba bab -------- ----- --- == ==== ======= ===",
    "He said: \"they're here, we've seen 'em\" -- and I'll say it's 12,345.67 in 2024!\n\n\tIndented\n\t\ttwice   \n",
    "Größe, naïve café, Москва, 東京都 東京, שלום עולם, 👩‍👩‍👧 and e\u0301 mixed 1st 2nd 33rd ½ Ⅷ ٣٤",
]

STATUTES = [
    "第一百二十条之一 犯前条罪，处三年以上十年以下有期徒刑。\n第一百二十一条 三 人 以上 十\n\n二〇二〇年 ○ 零 x一y 二 3 三4",
    "中华人民共和国民法第一千零八十四条的内容是: 父母与子女间的关系，不因父母离婚而消除。一 一  一\n一\t二 \n 三　四",
]

# What trips encoders: latin-1 here stands for raw bytes.
HARD = [
    "", " ", "  ", "   ", "a", "\n", "\r\n\r\n", "\t\t x", " \n \n ", "a  b   c    d", "trailing   ", "   leading",
    "line\n\n  next \n", "it's we'll they've you're I'd I'm can't 'tis 's 'S IT'S o'clock ''s '' ' s",
    "0123456789 3.14 1,000,000 ½ Ⅷ ²³ ٣٤٥ 12ab34", "a1b2 c3", "x  1", "x 1 2  3\n4", "1 ", " 1", "\u20091",
    "東京都は日本の首都です。人口は1400万人。", "한국어 텍스트 123", "👩‍👩‍👧‍👦 🇩🇪 👍🏽 ☃️ x👍y", "e\u0301 n\u0303 \u0301x a\u0300\u0316b",
    "שלום עולם! مرحبا بالعالم ١٢٣", "a\u00a0b \u00a0 c\u00a0", "a\u200bb\u200d\u2060c\ufeff", "x\u3000y\u2003\u2003z\u0085w\u2028v",
    "\u001c\u001d\u001e\u001f \u0000 \u007f", "ﬁ ﬀ ß ẞ İ ı ſ", "snake_case CamelCase kebab-case a.b.c http://x.y/z?q=1#f",
    "<eos> <|endoftext|> <|im_start|>user", "    if (x == 0) {\n\t\treturn -1; // no\n    }\n", "a" * 300, "=" * 77 + "\n",
    " " * 200 + "x", "'" * 9 + "ll", "ÄÖÜ äöü Москва Ελληνικά हिन्दी ไทย ქართული", "\ufffd\ufffd a\ufffd", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐐷 𠀀 𒀀",
    "第一千零八十四条：  三 三\n 九 x'二 's一's 〇○零〇 1一2Ⅷ三", "二  二   二\n二 \n二", "　一　 二\u2003三", " 十百千", "十 ",
    "\u1c89\u1c8a\ua7cb \U00010d40\U00010d41 \U00011de0\U00011de1x \U0002ebf0", "Section 4(b)(ii), 17 U.S.C. § 107",
]  # fmt: skip
BROKEN = [
    b"\xff", b"a\xffb", b"\x80\x80\x80", b"\xe2\x82", b"\xe2\x82 x", b"\xf0\x9f\x91", b"\xf0\x9f\x91\xf0\x9f\x91\x8d", b"\xc0\xaf\xc1\x81",
    b"\xed\xa0\x80\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"ok \xe0\x80\xaf \xe1\x80\xe2\xf0\x91\x92\xf1\xbf A",
    "naïve café".encode("latin-1"), "日本語".encode("utf-16-le"),
]  # fmt: skip


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pattern(name: str):
    level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if name == "gpt2":
        return level
    if name == "numerals":
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex("[○〇一七三九二五八六十千四百零]"), "isolated"), level])
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), level])


def train(texts, vocab: int, special: list[str], name: str) -> Tokenizer:
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pattern(name)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=special,
        show_progress=False,
    )
    tok.train_from_iterator(texts, trainer)
    return tok


def saved(tok: Tokenizer) -> bytes:
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "tokenizer.json"
        tok.save(str(path))
        return path.read_bytes()


def learned(tok: Tokenizer) -> list[str]:
    return [" ".join(m) for m in json.loads(saved(tok))["model"]["merges"]]


def plain_ids(tok: Tokenizer, text: str) -> list[int]:
    """Ids with special tokens spelt out, as Encode gives them: word by word, past the search for added tokens."""
    words = tok.pre_tokenizer.pre_tokenize_str(text)
    return [t.id for word, _ in words for t in tok.model.tokenize(word)]


def cuts(name: str, text: str) -> list[int]:
    """The byte length of each word (a byte is one character of the byte alphabet)."""
    return [len(word) for word, _ in pattern(name).pre_tokenize_str(text)]


def licences() -> dict[str, str]:
    root = Path(subprocess.check_output(["go", "list", "-m", "-f", "{{.Dir}}", LICENSES], text=True).strip()) / "assets"
    files = sorted(p for p in root.glob("*/*/*") if p.is_file())
    return {p.relative_to(root).as_posix(): p.read_bytes().decode("utf-8", "replace") for p in files}


def main() -> None:
    golden = {"small": [], "strings": []}
    odd = ["<eos>", 'x "\\\u2028\n\u0001é']
    met = ["ab", "the", "aaa", "a"]  # special tokens that the merges arrive at
    for name, special in (("gpt2", odd), ("smollm2", odd), ("gpt2", met)):
        tok = train(SMALL, 500, special, name)
        golden["small"].append({
            "pattern": name, "texts": SMALL, "vocab": 500, "special": special, "merges": learned(tok),
            "file_sha256": sha(saved(tok)),
        })  # fmt: skip

    tok = train(STATUTES, 400, ["<eos>"], "numerals")
    golden["small"].append({
        "pattern": "numerals", "texts": STATUTES, "vocab": 400, "special": ["<eos>"], "merges": learned(tok), "file_sha256": sha(saved(tok)),
    })  # fmt: skip

    texts = licences()
    toks = {name: train(texts.values(), 4096, ["<eos>", "<|im_start|>"], name) for name in ("gpt2", "smollm2")}
    tok, merges = toks["gpt2"], learned(toks["gpt2"])
    ids = [i for text in texts.values() for i in plain_ids(tok, text)]
    golden["licences"] = {
        "paths": list(texts), "vocab": 4096, "special": ["<eos>", "<|im_start|>"],
        "merges": len(merges), "first_merges": merges[:100], "merges_sha256": sha("\n".join(merges).encode()),
        "ids": len(ids), "ids_sha256": sha(struct.pack(f"<{len(ids)}i", *ids)), "file_sha256": sha(saved(tok)),
    }  # fmt: skip

    for data in [s.encode() for s in HARD] + BROKEN:
        text = data.decode("utf-8", "replace")
        golden["strings"].append({
            "hex": data.hex(), "lossy": text, "ids": plain_ids(tok, text), "special_ids": tok.encode(text).ids,
            "cuts": {name: cuts(name, text) for name in ("gpt2", "smollm2", "numerals")},
        })  # fmt: skip
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden, ensure_ascii=True, indent=None, separators=(",", ":")).replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
