"""Makes data/tokenizer/testdata/pretokenizers.json: what `tokenizers` encodes under each kind of tokenizer that people have.

    python scripts/golden/pretokenizers.py --million       # needs tokenizers==0.23.3; run from the repository's root

The file holds tokenizers, fragments of text, and for each tokenizer the SHA-256 over the ids of 10,000 strings and, if asked for, of a million:
strings are drawn from fragments and characters by a generator that the Go test has, too. An id is 4 bytes, little-endian; after each string stands −1.
The vocabularies are learnt from the sentences of tokenizer.py: none is anybody else's.
"""
import hashlib
import json
import sys
from array import array

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizer import HARD, SMALL, STATUTES

STRINGS = 10_000
MILLION = 1_000_000 if "--million" in sys.argv else 0
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASED = r"[^\r\n\p{L}\p{N}]?" + UPPER + "*" + LOWER + r"+%s|[^\r\n\p{L}\p{N}]?" + UPPER + "+" + LOWER + "*%s"
BEHIND = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
O200K = CASED % (ENDINGS + "?", ENDINGS + "?") + r"|\p{N}{1,3}" + BEHIND
TEKKEN = CASED % ("", "") + r"|\p{N}" + BEHIND
SEED = ENDINGS + "|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
HAN = "[一-龥ࠀ-一가-퟿]+"
DEEPSEEK_CODER = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", HAN]
# As DeepSeek's file has them; some characters are written by number, since editors change them to ones that look alike.
LETTERS = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼ"
    "ℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
)
DEEPSEEK_LLM = ["[\r\n]", rf"\s?[{LETTERS}]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", HAN]
FRAGMENTS = sorted({w for text in SMALL + STATUTES + HARD for w in text.split(" ") if w} | {
    " ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", " \n ", "'s", "'S", "'LL", "'re", "'ſ", "'", "''", "!", "?!", "...", "1", "12", "1234", "½", "٣٤٥",
    "é", "e\u0301", "\u0301", "ⓐ", "ª", "ǅ", "Ⅷ", "中文", "東京", "👍", "\u00a0", "\u3000", "\u0085", "\u200b", "A", "Bc", "deF", "ABCd", "ÀÉé", "Ñ", "ñ", "ʰ", "क्षि", "x", "▁", "▁a", "<0x41>",
    "<s>", "</s>", "<word>", "_", "/", "!/", "//\n/", "#\n", "-\r\n\n"})


class Draw:
    def __init__(self, seed, fragments):
        self.state, self.fragments = seed, fragments

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


def drawn(count, fragments=FRAGMENTS):
    draw = Draw(1, fragments)
    return [draw.text() for _ in range(count)]


def digest(t, strings):
    sha = hashlib.sha256()
    for at in range(0, len(strings), 10_000):
        for e in t.encode_batch_fast(strings[at:at + 10_000], add_special_tokens=False):
            sha.update(array("i", e.ids + [-1]).tobytes())  # little-endian where this runs
    return sha.hexdigest()


def level(pattern, **model):
    def make(vocab, merges):
        t = Tokenizer(models.BPE(vocab=vocab, merges=merges, **model))
        t.pre_tokenizer = pattern
        t.decoder = decoders.ByteLevel()
        return t
    return make


split = lambda regex: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(regex), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])
cuts = lambda *regexes: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r), "isolated") for r in regexes] + [
    pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False, use_regex=False)])
texts = (SMALL + STATUTES) * 3


def trained(pattern, vocab):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pattern
    t.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=vocab, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens(["<s>", "</s>"])
    t.add_tokens([AddedToken("<word>", normalized=False, lstrip=True), AddedToken("<word>x", normalized=False, rstrip=True)])
    return t


def start(t):
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", t.token_to_id("<s>"))])])
    return t


def whole_words(t):
    f = json.loads(t.to_str())
    f["model"]["ignore_merges"] = True
    for word in ("deF", "wasz", "ĠdeF"):  # words that no merge makes
        f["model"]["vocab"][word] = len(f["model"]["vocab"])
    for i, a in enumerate(f["added_tokens"]):
        a["id"] = len(f["model"]["vocab"]) + i
    return Tokenizer.from_str(json.dumps(f))


def pieces(normalizer, pre=None):
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Replace(" ", "▁")
    t.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=330, show_progress=False, special_tokens=["<unk>", "<s>", "</s>"]))
    f = json.loads(t.to_str())
    vocab = f["model"]["vocab"]
    for b in range(256):
        vocab[f"<0x{b:02X}>"] = len(vocab)
    f["model"].update(byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    t = Tokenizer.from_str(json.dumps(f))
    t.normalizer, t.pre_tokenizer = normalizer, pre
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    t.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("<word>", normalized=False)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


def main():
    nfc = trained(split(QWEN2), 420)
    nfc.normalizer = normalizers.NFC()
    replace = normalizers.Replace(" ", "▁")
    cases = {
        "gpt2": trained(pre_tokenizers.ByteLevel(add_prefix_space=False), 420),
        "smollm": trained(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), 420),
        "llama3": start(whole_words(trained(split(LLAMA3), 420))),
        "qwen2": nfc,
        "o200k": trained(split(O200K), 420),
        "o200k, inverted": trained(pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(O200K), "removed", invert=True), pre_tokenizers.ByteLevel(False, use_regex=False)]), 420),
        "tekken": start(whole_words(trained(split(TEKKEN), 420))),
        "seed-coder": trained(split(SEED), 420),
        "deepseek-coder": start(trained(cuts(*DEEPSEEK_CODER), 420)),
        "deepseek-llm": start(trained(cuts(*DEEPSEEK_LLM), 420)),
        "llama": pieces(normalizers.Sequence([normalizers.Prepend("▁"), replace])),
        "mistral": pieces(None, pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)),
        "gemma": pieces(replace, pre_tokenizers.Split(" ", "merged_with_previous")),
    }
    out = {"fragments": FRAGMENTS, "cases": []}
    strings = drawn(MILLION or STRINGS)
    for name, t in cases.items():
        out["cases"].append({"name": name, "tokenizer": json.loads(t.to_str()), "strings": digest(t, strings[:STRINGS]), **({"million": digest(t, strings)} if MILLION else {}),
                             "start": t.encode("").ids, "first": t.encode("Hello  World's 1234!", add_special_tokens=False).ids})
        print(name, t.get_vocab_size(), out["cases"][-1]["start"], t.encode("Hello  World's 1234!").tokens)
    with open("data/tokenizer/testdata/pretokenizers.json", "w") as f:
        json.dump(out, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
