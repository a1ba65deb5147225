package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"unicode/utf8"
)

// Load reads a tokenizer.json of byte-level BPE, or of SentencePiece's BPE or Unigram, written by Save or by Hugging Face (merges as "a b" or as
// ["a", "b"]). What it could not do the same way is an error that names the field and wraps ErrFormat.
func Load(path string) (*Tokenizer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: load: %w", err)
	}
	t, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: load %s: %w", path, err)
	}
	return t, nil
}

// file is tokenizer.json.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []fileAdded     `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         fileModel       `json:"model"`
}

type fileAdded struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type fileModel struct {
	Type         string            `json:"type"`
	Dropout      float64           `json:"dropout"`
	Unknown      string            `json:"unk_token"`
	Prefix       string            `json:"continuing_subword_prefix"`
	Suffix       string            `json:"end_of_word_suffix"`
	FuseUnknown  bool              `json:"fuse_unk"`
	ByteFallback bool              `json:"byte_fallback"`
	IgnoreMerges bool              `json:"ignore_merges"`
	Vocab        fileVocab         `json:"vocab"`
	Merges       []json.RawMessage `json:"merges"`
	UnknownID    *int64            `json:"unk_id"` // of Unigram
}

// refuse makes an error about a part of the file that cannot be expressed.
func refuse(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrFormat)...)
}

// strict decodes one JSON value and refuses unknown fields and anything behind it.
func strict(data []byte, into any) error {
	if !utf8.Valid(data) {
		return refuse("the file is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return refuse("%v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse("there is more behind the JSON value")
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// parse reads the content of tokenizer.json.
func parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := strict(data, &f); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	var s Spec
	var err error
	switch {
	case f.Model.Type == "Unigram":
		err = f.unigram(&s)
	case f.Model.ByteFallback:
		err = f.pieces(&s)
	default:
		err = f.byteLevel(&s)
	}
	if err != nil {
		return nil, err
	}
	if s.Start, err = f.start(); err != nil {
		return nil, err
	}
	var add []added
	if s.Tokens, add, err = f.vocabulary(); err != nil {
		return nil, err
	}
	ids, err := index(s.Tokens)
	if err != nil {
		return nil, err
	}
	merges := make([][2]string, len(f.Model.Merges))
	for i, raw := range f.Model.Merges {
		if merges[i], err = parseMerge(raw); err != nil {
			return nil, fmt.Errorf("model.merges[%d]: %w", i, err)
		}
	}
	s.Unknown = f.Model.Unknown
	return build(s, ids, merges, add)
}

// check refuses what would give other ids or another text than Encode and Decode do, whatever the kind of tokenizer.
func (f *file) check() error {
	m := &f.Model
	switch {
	case f.Version != "1.0":
		return refuse("version %q; 1.0 is known", f.Version)
	case !isNull(f.Truncation):
		return refuse("truncation is set")
	case !isNull(f.Padding):
		return refuse("padding is set")
	case m.Type != "BPE" && m.Type != "Unigram":
		return refuse("model.type %q; BPE and Unigram are known", m.Type)
	case m.Type == "BPE" && (m.UnknownID != nil || m.Vocab.pieces != nil):
		return refuse("model.type BPE with unk_id or pieces that have scores")
	case m.Type == "Unigram" && (m.Merges != nil || m.Vocab.ids != nil):
		return refuse("model.type Unigram with merges or ids of tokens")
	case m.Dropout != 0:
		return refuse("model.dropout %v", m.Dropout)
	case m.Prefix != "":
		return refuse("model.continuing_subword_prefix %q", m.Prefix)
	case m.Suffix != "":
		return refuse("model.end_of_word_suffix %q", m.Suffix)
	}
	return nil
}

// vocabulary returns the tokens by id, those of the model and the added ones together.
func (f *file) vocabulary() ([]string, []added, error) {
	m := &f.Model.Vocab
	all := make(map[string]int64, len(m.ids)+len(m.pieces)+len(f.AddedTokens))
	maps.Copy(all, m.ids)
	for id, piece := range m.pieces {
		all[piece] = int64(id)
	}
	add := make([]added, 0, len(f.AddedTokens))
	for _, a := range f.AddedTokens {
		if a.SingleWord {
			return nil, nil, refuse("added token %q has single_word", a.Content)
		}
		if id, ok := all[a.Content]; ok && id != a.ID {
			return nil, nil, refuse("token %q has the ids %d and %d", a.Content, id, a.ID)
		}
		all[a.Content] = a.ID
		if a.ID < 0 || a.ID >= maxVocab {
			return nil, nil, refuse("token %q has the id %d", a.Content, a.ID)
		}
		add = append(add, added{id: int32(a.ID), text: a.Content, special: a.Special, norm: a.Normalized, lstrip: a.LStrip, rstrip: a.RStrip})
	}
	tokens := make([]string, len(all))
	for tok, id := range all {
		if id < 0 || id >= int64(len(all)) || tokens[id] != "" {
			return nil, nil, refuse("the ids of %d tokens are not 0 to %d, each once", len(all), len(all)-1)
		}
		tokens[id] = tok
	}
	return tokens, add, nil
}

// parseMerge reads "a b" or ["a", "b"].
func parseMerge(raw json.RawMessage) (m [2]string, err error) {
	var both []string
	if json.Unmarshal(raw, &both) == nil {
		if len(both) != 2 {
			return m, refuse("%d tokens", len(both))
		}
		return [2]string(both), nil
	}
	var line string
	if err := json.Unmarshal(raw, &line); err != nil {
		return m, refuse("neither a string nor a pair")
	}
	left, right, ok := bytes.Cut([]byte(line), []byte(" "))
	if !ok {
		return m, refuse("%q is not two tokens with a space between", line)
	}
	return [2]string{string(left), string(right)}, nil
}
