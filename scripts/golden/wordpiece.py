"""Writes data/tokenizer/wordpiece/tables.go and testdata/golden.json: what the Hugging Face library does with characters and texts.

Run from the repository's root: python scripts/golden/wordpiece.py TOKENIZER.json    (needs tokenizers==0.23.3 and Go)

TOKENIZER.json is that of all-MiniLM-L6-v2, which `make setup` fetches.
"""

import hashlib
import json
import struct
import subprocess
import sys
from pathlib import Path

from tokenizers import Tokenizer, normalizers, pre_tokenizers

OUT = Path("data/tokenizer/wordpiece")
LICENSES = "github.com/google/licenseclassifier/v2"
STATUTES = Path("data/source/statutes-cn.txt")
PER_LINE = 6

HARD = [
    "", " ", "a", "Hello, World!", "it's we'll they've", "naïve café Größe ÄÖÜ", "e\u0301 n\u0303 \u0301x a\u0300\u0316b", "Москва Ελληνικά ΣΑΣ ς", "İ I ı Ǆ ﬁ ß ẞ ſ K Å",
    "東京都は日本の首都です。人口は1400万人。", "第一百二十条之一 犯前条罪", "한국어 텍스트 123", "\U0002b820\U0002b920\U0002f800豈", "שלום עולם! مرحبا ١٢٣", "हिन्दी ไทย ქართული",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽 ☃️ x👍y", "a\u00a0b \u00a0 c\u00a0", "a\u200bb\u200d\u2060c\ufeff", "x\u3000y\u2003z\u0085w\u2028v\u1680u", "\x00a\x01b\x1cc\x1fd\x7fe\x0bf\x0cg",
    "[CLS] [MASK][SEP] [UNK] ##ing # ## ###", "x" * 100, "x" * 101, "é" * 100, "é" * 101, "字" * 120, "!?.,;:-_+=*/\\|~`'\"<>(){}[]@#$%^&", "17 U.S.C. § 107 © ® ™ € £ ¥ ½ ²",
    "snake_case CamelCase a.b.c http://x.y/z?q=1#f", "\ufffd\ufffd a\ufffd", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐐷 𐐀 𠀀", "word " * 300, "unaffordable internationalization electroencephalographically",
    "\ua7cb\ua7dc x\ua7cby", "\u0345\u1cf2\u2cb3 \u0903 \u20dd", "．，、「」〜＿＄＋", "ａｂｃ ＡＢＣ １２３",
]  # fmt: skip
BROKEN = [b"\xff", b"a\xffb", b"\xe2\x82 x", b"\xf0\x9f\x91", b"\xc0\xaf", b"\xed\xa0\x80", b"na\xefve"]


def spans(codes) -> list[list[int]]:
    out: list[list[int]] = []
    for code in codes:
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def tables() -> str:
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    cut = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    chars = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    found = [
        ("dropped", "control characters and others that the normalizer drops", [c for c in chars if clean.normalize_str("a" + chr(c) + "b") == "ab"]),
        ("marks", "accents that are taken off", [c for c in chars if strip.normalize_str("a" + chr(c) + "b") == "ab"]),
        ("punctuation", "marks that are words by themselves", [c for c in chars if len(cut("a" + chr(c) + "b")) == 3]),
    ]
    lines = ["// Made by scripts/golden/wordpiece.py from tokenizers 0.23.3; do not edit.", "", "package wordpiece"]
    for name, meaning, codes in found:
        lines += ["", f"// {name} are {meaning}.", f"var {name} = []span{{"]
        cells = [f"{{0x{lo:X}, 0x{hi:X}}}" for lo, hi in spans(codes)]
        lines += ["\t" + ", ".join(cells[i : i + PER_LINE]) + "," for i in range(0, len(cells), PER_LINE)]
        lines.append("}")
    return "\n".join(lines) + "\n"


def open_tokenizer(path: str) -> Tokenizer:
    tok = Tokenizer.from_file(path)
    tok.no_padding()
    tok.no_truncation()
    tok.encode_special_tokens = True  # what a text spells out is text
    return tok


def digest(ids: list[int]) -> str:
    return hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()


def corpora() -> dict[str, list[str]]:
    root = Path(subprocess.check_output(["go", "list", "-m", "-f", "{{.Dir}}", LICENSES], text=True).strip()) / "assets"
    files = sorted((p for p in root.glob("*/*/*") if p.is_file()), key=str)
    licences = [line for p in files for line in p.read_bytes().decode("utf-8", "replace").split("\n") if line]
    return {"licences": licences, "statutes": [line for line in STATUTES.read_text().split("\n") if line]}


def small_vocabulary(tok: Tokenizer) -> str:
    """The tokenizer with the pieces that the hard texts use, and single letters; so that a test needs no file of half a megabyte."""
    file = json.loads(tok.to_str())
    used = {t for s in HARD for t in tok.encode(s).tokens} | {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    used |= {t for t in file["model"]["vocab"] if len(t.removeprefix("##")) == 1 and t.removeprefix("##").isascii()}
    file["model"]["vocab"] = {t: i for i, t in enumerate(sorted(used, key=lambda t: file["model"]["vocab"][t]))}
    file["added_tokens"] = [a | {"id": file["model"]["vocab"][a["content"]]} for a in file["added_tokens"]]
    for s in file["post_processor"]["special_tokens"].values():
        s["ids"] = [file["model"]["vocab"][t] for t in s["tokens"]]
    return json.dumps(file, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"


def main(path: str) -> None:
    tok = open_tokenizer(path)
    (OUT / "tables.go").write_text(tables())
    (OUT / "testdata/small.json").write_text(small_vocabulary(tok))
    small = open_tokenizer(str(OUT / "testdata/small.json"))
    golden = {"texts": [], "corpora": {}}
    for raw in [s.encode() for s in HARD] + BROKEN:
        text = raw.decode("utf-8", "replace")
        golden["texts"].append({"hex": raw.hex(), "ids": tok.encode(text).ids, "small": small.encode(text).ids})
    for name, lines in corpora().items():
        ids = [i for e in tok.encode_batch(lines) for i in e.ids]
        golden["corpora"][name] = {"lines": len(lines), "ids": len(ids), "sha256": digest(ids)}
    every = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    ids = [i for e in tok.encode_batch(["a" + c + "b " + c for c in every]) for i in e.ids]
    golden["characters"] = {"lines": len(every), "ids": len(ids), "sha256": digest(ids)}
    text = json.dumps(golden, ensure_ascii=True, indent=None, separators=(",", ":")).replace('},{"', '},\n{"')
    (OUT / "testdata/golden.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
