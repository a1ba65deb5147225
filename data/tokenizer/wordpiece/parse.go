package wordpiece

import (
	"encoding/json"
	"fmt"
	"strings"
)

// file is tokenizer.json, as far as it matters here.
type file struct {
	Version    string `json:"version"`
	Normalizer struct {
		Type      string `json:"type"`
		Clean     bool   `json:"clean_text"`
		Chinese   bool   `json:"handle_chinese_chars"`
		Strip     *bool  `json:"strip_accents"` // null = as lowercase
		Lowercase bool   `json:"lowercase"`
	} `json:"normalizer"`
	PreTokenizer struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	PostProcessor struct {
		Type   string                           `json:"type"`
		Single []map[string]struct{ ID string } `json:"single"`
	} `json:"post_processor"`
	Model struct {
		Type    string           `json:"type"`
		Unknown string           `json:"unk_token"`
		Prefix  string           `json:"continuing_subword_prefix"`
		Longest int              `json:"max_input_chars_per_word"`
		Vocab   map[string]int64 `json:"vocab"`
	} `json:"model"`
}

// template is what stands around a text: [CLS] A [SEP].
func (f *file) template() string {
	var parts []string
	for _, part := range f.PostProcessor.Single {
		for _, p := range part {
			parts = append(parts, p.ID)
		}
	}
	return strings.Join(parts, " ")
}

// maxVocab bounds what a file can make us allocate.
const maxVocab = 1 << 20

// Parse reads the content of the tokenizer.json of a BERT model without capitals. Truncation and padding that it asks for are passed over: Encode is told how
// long a text may be. What it could not do the same way is an error that names the field and wraps ErrFormat.
func Parse(data []byte) (*Tokenizer, error) {
	refuse := func(format string, args ...any) (*Tokenizer, error) {
		return nil, fmt.Errorf(format+": %w", append(args, ErrFormat)...)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return refuse("%v", err)
	}
	n, m := f.Normalizer, f.Model
	switch {
	case f.Version != "1.0":
		return refuse("version %q; 1.0 is known", f.Version)
	case n.Type != "BertNormalizer":
		return refuse("normalizer %q; BertNormalizer is known", n.Type)
	case !n.Clean || !n.Chinese || !n.Lowercase || n.Strip != nil && !*n.Strip:
		return refuse("the normalizer keeps capitals, accents or control characters, or does not cut Chinese characters apart")
	case f.PreTokenizer.Type != "BertPreTokenizer":
		return refuse("pre_tokenizer %q; BertPreTokenizer is known", f.PreTokenizer.Type)
	case f.PostProcessor.Type != "TemplateProcessing" || f.template() != "[CLS] A [SEP]":
		return refuse("post_processor %q with the template %q; TemplateProcessing with [CLS] A [SEP] is known", f.PostProcessor.Type, f.template())
	case m.Type != "WordPiece":
		return refuse("model.type %q; WordPiece is known", m.Type)
	case m.Prefix != prefix:
		return refuse("model.continuing_subword_prefix %q; %s is known", m.Prefix, prefix)
	case m.Longest != longestWord:
		return refuse("model.max_input_chars_per_word %d; %d is known", m.Longest, longestWord)
	case len(m.Vocab) == 0 || len(m.Vocab) > maxVocab:
		return refuse("%d tokens; 1 to %d are known", len(m.Vocab), maxVocab)
	}
	t := &Tokenizer{tokens: make([]string, len(m.Vocab)), first: map[string]int32{}, rest: map[string]int32{}}
	for token, id := range m.Vocab {
		if id < 0 || id >= int64(len(t.tokens)) {
			return refuse("token %q has the id %d of %d", token, id, len(t.tokens))
		}
		if other := t.tokens[id]; other != "" || token == "" {
			return refuse("the tokens %q and %q have the id %d, or one is empty", min(token, other), max(token, other), id)
		}
		t.tokens[id] = token
		t.longest = max(t.longest, len(token))
		if piece, ok := strings.CutPrefix(token, prefix); ok {
			t.rest[piece] = int32(id)
		}
		t.first[token] = int32(id) // a word ## is looked for as it stands
	}
	for _, s := range []struct {
		name string
		id   *int32
	}{{m.Unknown, &t.unknown}, {"[CLS]", &t.before}, {"[SEP]", &t.after}} {
		id, ok := t.first[s.name]
		if !ok {
			return refuse("special token %q is not in the vocabulary", s.name)
		}
		*s.id = id
	}
	return t, nil
}
