"""Writes data/tokenizer/tables.go: the character classes of the pre-tokenizer, asked of the library itself.

Run from the repository's root: python scripts/golden/classes.py    (needs tokenizers==0.23.3)
"""

from pathlib import Path

from tokenizers import pre_tokenizers

CLASSES = (("letters", r"\p{L}"), ("numbers", r"\p{N}"), ("spaces", r"\s"))
PER_LINE = 6


def class_of(cut, char: str) -> str | None:
    """Finds a character's class by what it stays together with."""
    if len(cut("a" + char + "a")) == 1:
        return "letters"
    if len(cut("1" + char)) == 1:
        return "numbers"
    if len(cut("!" + char)) > 1:
        return "spaces"
    return None


def spans() -> dict[str, list[list[int]]]:
    cut = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    found = {name: [] for name, _ in CLASSES}
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:  # surrogates are no characters
            continue
        name = class_of(cut, chr(code))
        if name is None:
            continue
        runs = found[name]
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return found


def main() -> None:
    found = spans()
    lines = [
        "// Made by scripts/golden/classes.py from tokenizers 0.23.3 (Oniguruma, Unicode 16); do not edit.",
        "",
        "package tokenizer",
    ]
    for name, meaning in CLASSES:
        lines += ["", f"// {name} is {meaning}.", f"var {name} = []span{{"]
        cells = [f"{{0x{lo:X}, 0x{hi:X}}}" for lo, hi in found[name]]
        for i in range(0, len(cells), PER_LINE):
            lines.append("\t" + ", ".join(cells[i : i + PER_LINE]) + ",")
        lines.append("}")
    Path("data/tokenizer/tables.go").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
