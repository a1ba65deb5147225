"""Writes data/tokenizer/tables.go and categories.go: the character classes of the pre-tokenizers, asked of the library itself.

Run from the repository's root: python scripts/golden/classes.py    (needs tokenizers==0.23.3)
"""

from pathlib import Path

from tokenizers import Regex, pre_tokenizers

CLASSES = (("letters", r"\p{L}"), ("numbers", r"\p{N}"), ("spaces", r"\s"))
PER_LINE = 6
CATEGORIES = "Lu Ll Lt Lm Lo M N P S".split()  # by their letters in the table: a, b, …; . is none of them


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


def runs() -> str:
    """Lists all characters' categories in runs: a letter, and how many characters have it."""
    chars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    of = ["."] * 0x110000
    for letter, name in zip("abcdefghi", CATEGORIES):
        cut = pre_tokenizers.Split(Regex(rf"\p{{{name}}}+"), "removed", invert=True)
        for found, _ in cut.pre_tokenize_str("".join(chars)):
            for c in found:
                of[ord(c)] = letter
    out, start = [], 0
    for i in range(1, len(of) + 1):
        if i == len(of) or of[i] != of[start]:
            out.append(of[start] + (str(i - start) if i - start > 1 else ""))
            start = i
    return "".join(out)


def categories() -> None:
    text = runs()
    lines = [
        "// Made by scripts/golden/classes.py from tokenizers 0.23.3 (Oniguruma, Unicode 16); do not edit.",
        "",
        "package tokenizer",
        "",
        "// categoryRuns is the category of each character, in runs: a letter (a is " + CATEGORIES[0] + ", then " + ", ".join(CATEGORIES[1:])
        + "; . is none of them), and how many characters have it, where it is not one.",
        'const categoryRuns = "" +',
    ]
    for i in range(0, len(text), 140):
        lines.append('\t"' + text[i : i + 140] + '"' + (" +" if i + 140 < len(text) else ""))
    Path("data/tokenizer/categories.go").write_text("\n".join(lines) + "\n")


def main() -> None:
    categories()
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
