"""Makes data/tokenizer/testdata/unigram.json: what `tokenizers` encodes under each kind of Unigram tokenizer that people have.

    python scripts/golden/unigram.py --million     # needs tokenizers==0.23.3 and sentencepiece==0.2.3; run from the repository's root

The file is as that of pretokenizers.py. The pieces are learnt by SentencePiece from the sentences of tokenizer.py and some of these strings, and its table of characters is
compiled from the few rules below: neither is anybody else's. Where characters become bytes, the strings have no "<0x41>": `tokenizers` takes these
six characters for the byte, SentencePiece and llama.cpp take them as they stand, and so does the program.
"""
import io
import json
import tempfile

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from pretokenizers import FRAGMENTS, MILLION, STRINGS, digest, drawn, texts

MORE = sorted(set(FRAGMENTS) | {"Ａ", "Ａ\u0301", "ＡＢ", "ﬁ", "x\u0301", "x\u0301\u0301", "e\u0301\u0302", "ñ\u0301", "Ⅷ\u0301", "\r", "\r\n\r", "\u0600a", "각", "क्", "▁▁", " ▁ ", "   ."})
RULES = {chr(0xFF21 + i): chr(0x41 + i) for i in range(26)} | {
    "ﬁ": "fi", "½": "1⁄2", "Ⅷ": "VIII", "ⓐ": "a", "ª": "a", "e\u0301": "é", "x": "×", "\u00a0": " ", "\u3000": " ", "\u0085": " ", "\t": " ", "\r": " ",
    "\u200b": "", "중": "中", "👍": "ok"}

NEWER = {"xlm-r", "t5"}  # `tokenizers` knows marks of Unicode 16 and 17, the program's library does not: some 20 of a million strings differ


def charsmap(proto):
    """Finds normalizer_spec.precompiled_charsmap (3.2) in SentencePiece's file."""
    def fields(data):
        at = 0

        def number():
            nonlocal at
            value = shift = 0
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while at < len(data):
            tag = number()
            if tag & 7 == 0:
                yield tag >> 3, number()
                continue
            size = {1: 8, 5: 4}.get(tag & 7)
            size = number() if size is None else size
            yield tag >> 3, data[at:at + size]
            at += size

    return dict(fields(dict(fields(proto))[3]))[2]


def learnt(bytes_too):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        for source, to in RULES.items():
            rules.write(" ".join(f"{ord(c):X}" for c in source) + "\t" + " ".join(f"{ord(c):X}" for c in to) + "\n")
        rules.flush()
        out = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line for text in texts + drawn(4000) for line in text.split("\n") if line), model_writer=out, model_type="unigram", vocab_size=900 if bytes_too else 700,
            byte_fallback=bytes_too, character_coverage=.98, normalization_rule_tsv=rules.name, num_threads=1, hard_vocab_limit=False, minloglevel=2)
    sp = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    return [(sp.id_to_piece(i), sp.get_score(i)) for i in range(sp.get_piece_size())], charsmap(out.getvalue())


def made(vocab, bytes_too, normalizer, pre, decoder):
    t = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=bytes_too))
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.decoder = decoder
    t.add_special_tokens(["<unk>", "<s>", "</s>"])
    t.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("<word>", normalized=False, lstrip=True)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


def main():
    pieces, table = learnt(True)
    plain, _ = learnt(False)
    replace, compiled = normalizers.Replace(" ", "▁"), normalizers.Precompiled(table)
    spaces = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    metaspace = lambda scheme, split: pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
    cases = {
        "llama": made(pieces, True, normalizers.Sequence([normalizers.Prepend("▁"), replace]), None, spaces),
        "mistral": made(pieces, True, None, metaspace("first", False), spaces),
        "llm-jp": made(pieces, True, normalizers.Sequence([normalizers.Replace(Regex(r"(?<!\n)^"), "▁"), normalizers.Replace(Regex(" "), "▁")]), None, spaces),
        "xlm-r": made(plain, False, normalizers.Sequence([compiled, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")]),
                      metaspace("always", True), decoders.Metaspace()),
        "t5": made(plain, False, compiled, pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace("always", True)]), decoders.Metaspace()),
        "nfc": made(pieces, True, normalizers.NFC(), metaspace("first", True), spaces),
    }
    strings = drawn(MILLION or STRINGS, MORE)
    without = [s.replace("<0x41>", "0x41") for s in strings]
    out = {"fragments": MORE, "cases": []}
    for name, t in cases.items():
        bytes_too = t.decoder.__class__.__name__ == "Sequence"
        of = without if bytes_too else strings
        out["cases"].append({"name": name, "tokenizer": json.loads(t.to_str()), "bytes": bytes_too, "strings": digest(t, of[:STRINGS]),
                             **({"million": digest(t, of)} if MILLION and name not in NEWER else {}),
                             "start": t.encode("").ids, "first": t.encode("Hello  World's 1234!", add_special_tokens=False).ids})
        print(name, t.get_vocab_size(), out["cases"][-1]["start"], t.encode("Hello  World's 1234!").tokens)
    with open("data/tokenizer/testdata/unigram.json", "w") as f:
        json.dump(out, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
