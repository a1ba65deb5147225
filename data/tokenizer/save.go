package tokenizer

import (
	"fmt"
	"strconv"
	"strings"

	"slm/checkpoint"
)

// Save writes a tokenizer of a pattern that Train knows as a Hugging Face tokenizer.json, whole or not at all. The bytes are those that `tokenizers` 0.23.3
// writes for the same tokenizer.
func (t *Tokenizer) Save(path string) error {
	if !t.writable() {
		return refuse("tokenizer: save %s: a tokenizer of pattern %s cannot be written", path, t.pattern)
	}
	if err := checkpoint.WriteFileAtomic(path, t.encodeFile()); err != nil {
		return fmt.Errorf("tokenizer: save: %w", err)
	}
	return nil
}

// byteLevel is the pre-tokenizer or decoder of that name. Only use_regex changes anything here, and only in a pre-tokenizer.
func byteLevel(prefix bool) []field {
	return []field{
		{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}, {"use_regex", true},
	}
}

// encodeFile returns the content of tokenizer.json.
func (t *Tokenizer) encodeFile() []byte {
	var pre any = byteLevel(false)
	sequence := func(first []field) []field {
		return []field{{"type", "Sequence"}, {"pretokenizers", []any{first, byteLevel(false)}}}
	}
	switch t.pattern {
	case SmolLM2:
		pre = sequence([]field{{"type", "Digits"}, {"individual_digits", true}})
	case Numerals:
		pre = sequence([]field{
			{"type", "Split"}, {"pattern", []field{{"Regex", "[" + numerals + "]"}}}, {"behavior", "Isolated"}, {"invert", false},
		})
	}
	add := make([]any, len(t.added))
	for i, a := range t.added {
		add[i] = []field{
			{"id", i32(a.id)}, {"content", a.text}, {"single_word", false}, {"lstrip", false}, {"rstrip", false},
			{"normalized", a.norm}, {"special", a.special},
		}
	}
	vocab := make([]field, len(t.tokens))
	for id, tok := range t.tokens {
		vocab[id] = field{tok, i32(id)}
	}
	merges := make([]any, len(t.merges))
	for i, m := range t.merges {
		merges[i] = []any{t.tokens[m.left()], t.tokens[m.right()]}
	}
	var unknown any
	if t.unknown != "" {
		unknown = t.unknown
	}
	var w writer
	if !t.writable() {
		fields := []field{
			{"pattern", string(t.pattern)}, {"prefix", string(t.prefix)}, {"normal", t.normal}, {"whole", t.wholeWords}, {"start", i32(t.start)},
			{"unknown", t.unknown}, {"added", add}, {"strip", t.strips()}, {"vocab", vocab}, {"merges", merges}, {"ranks", t.rankList()},
		}
		if t.parts != nil {
			fields = append(fields, field{"parts", t.parts.source}, field{"bytes", t.parts.bytes}, field{"scores", t.scoreList()})
		}
		w.value(fields, 0)
		return []byte(w.String())
	}
	w.value([]field{
		{"version", "1.0"}, {"truncation", nil}, {"padding", nil}, {"added_tokens", add}, {"normalizer", nil},
		{"pre_tokenizer", pre}, {"post_processor", nil}, {"decoder", byteLevel(true)},
		{"model", []field{
			{"type", "BPE"}, {"dropout", nil}, {"unk_token", unknown}, {"continuing_subword_prefix", nil},
			{"end_of_word_suffix", nil}, {"fuse_unk", false}, {"byte_fallback", false}, {"ignore_merges", false},
			{"vocab", vocab}, {"merges", merges},
		}},
	}, 0)
	return []byte(w.String())
}

// writable says that a file of Save's own form describes the tokenizer wholly.
func (t *Tokenizer) writable() bool {
	simple := t.pattern == GPT2 || t.pattern == SmolLM2 || t.pattern == Numerals
	return simple && !t.wholeWords && t.normal == "" && t.start < 0 && len(t.strips()) == 0
}

// strips lists the added tokens that take white space with them.
func (t *Tokenizer) strips() []any {
	var out []any
	for _, a := range t.added {
		if a.lstrip || a.rstrip {
			out = append(out, []any{a.text, a.lstrip, a.rstrip})
		}
	}
	return out
}

func (t *Tokenizer) rankList() []any {
	var out []any
	for _, r := range t.byScore {
		out = append(out, i32(r))
	}
	return out
}

func (t *Tokenizer) scoreList() []any {
	var out []any
	for _, s := range t.scores {
		out = append(out, strconv.FormatFloat(s, 'g', -1, 64))
	}
	return out
}

// field is one entry of a JSON object whose order matters.
type field struct {
	key   string
	value any // nil, bool, i32, string, []any or []field
}

type i32 int32

// writer writes indented JSON as Rust's serde_json does, which escapes less than encoding/json.
type writer struct{ strings.Builder }

func (w *writer) value(v any, depth int) {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case bool:
		w.WriteString(strconv.FormatBool(v))
	case i32:
		w.WriteString(strconv.Itoa(int(v)))
	case string:
		w.quote(v)
	case []any:
		w.list('[', ']', len(v), depth, func(i int) { w.value(v[i], depth+1) })
	case []field:
		w.list('{', '}', len(v), depth, func(i int) {
			w.quote(v[i].key)
			w.WriteString(": ")
			w.value(v[i].value, depth+1)
		})
	}
}

// list writes n members between brackets, one a line.
func (w *writer) list(open, end byte, n, depth int, member func(i int)) {
	w.WriteByte(open)
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		w.indent(depth + 1)
		member(i)
	}
	if n > 0 {
		w.indent(depth)
	}
	w.WriteByte(end)
}

func (w *writer) indent(depth int) {
	w.WriteByte('\n')
	for range depth {
		w.WriteString("  ")
	}
}

// quote writes a string; only what JSON demands is escaped.
func (w *writer) quote(s string) {
	const short = "\b\t\n\f\r"
	w.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.WriteByte('\\')
			w.WriteByte(c)
		case c >= ' ':
			w.WriteByte(c)
		case strings.IndexByte(short, c) >= 0:
			w.WriteByte('\\')
			w.WriteByte("btnfr"[strings.IndexByte(short, c)])
		default:
			fmt.Fprintf(w, `\u%04x`, c)
		}
	}
	w.WriteByte('"')
}
