package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"slm/data/tokenizer/unigram"
)

// fileVocab is model.vocab: ids by token, or pieces with their scores in the order of their ids.
type fileVocab struct {
	ids    map[string]int64
	pieces []string
	scores []float64
}

func (v *fileVocab) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '[' {
		return json.Unmarshal(data, &v.ids)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for i, raw := range all {
		var piece string
		var score float64
		pair := []any{&piece, &score}
		if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 || pair[0] == nil || pair[1] == nil {
			return refuse("piece %d is no text with a score", i)
		}
		v.pieces, v.scores = append(v.pieces, piece), append(v.scores, score)
	}
	return nil
}

// unigram reads the parts of a Unigram tokenizer.
func (f *file) unigram(s *Spec) error {
	m := &f.Model
	if m.UnknownID == nil || *m.UnknownID < 0 || *m.UnknownID >= int64(len(m.Vocab.pieces)) {
		return refuse("model.unk_id names none of the %d pieces", len(m.Vocab.pieces))
	}
	m.Unknown = m.Vocab.pieces[*m.UnknownID]
	s.Pattern, s.Scores = Unigram, m.Vocab.scores
	s.parts = &unigramParts{bytes: m.ByteFallback, source: string(f.Normalizer) + "\n" + string(f.PreTokenizer)}
	normal, err := steps("normalizer", f.Normalizer)
	if err != nil {
		return err
	}
	marked := false
	for _, n := range normal {
		switch {
		case n.marksStart():
			s.Prefix = EachPrefix
		case n.marksSpaces():
			marked = true
		case marked || s.Prefix != NoPrefix: // what is not seen here could be made of the marks
			return refuse("normalizer %s behind the one that writes spaces as %s: %.200s", n.Type, mark, f.Normalizer)
		default:
			step, err := unigramStep(n)
			if err != nil {
				return err
			}
			s.parts.normal = append(s.parts.normal, step)
		}
	}
	if marked, err = f.metaspace(s, marked); err != nil {
		return err
	}
	if !marked {
		return refuse("neither normalizer nor pre_tokenizer writes spaces as %s", mark)
	}
	return f.unigramDecoder(s)
}

// regex and plain are what a step looks for.
func (n step) regex() string {
	if n.Pattern == nil {
		return ""
	}
	return n.Pattern.Regex
}

func (n step) plain() string {
	if n.Pattern == nil {
		return ""
	}
	return n.Pattern.String
}

// marksStart says that the step puts a mark in front of a text.
func (n step) marksStart() bool {
	return n.Type == "Prepend" && n.Prepend == mark || n.Type == "Replace" && n.regex() == `(?<!\n)^` && n.Content == mark
}

// marksSpaces says that the step writes spaces as marks.
func (n step) marksSpaces() bool {
	return n.Type == "Replace" && n.Content == mark && (n.plain() == " " || n.regex() == " ")
}

// unigramStep is what a step of the normalizer does.
func unigramStep(n step) (normalStep, error) {
	switch {
	case n.Type == "NFC":
		return composed, nil
	case n.Type == "Precompiled":
		data, err := base64.StdEncoding.DecodeString(n.Charsmap)
		if err != nil {
			return nil, refuse("normalizer Precompiled: %v", err)
		}
		c, err := unigram.ParseCharsmap(data)
		if err != nil {
			return nil, refuse("normalizer Precompiled: %v", err)
		}
		return c.Normal, nil
	case n.Type == "Strip" && n.Right && !n.Left:
		return func(text string) string { return strings.TrimRightFunc(text, isSpace) }, nil
	case n.Type == "Replace" && n.regex() == " {2,}" && (n.Content == mark || n.Content == " "):
		return fewerSpaces(n.Content), nil
	}
	return nil, refuse("normalizer %s %s", n.Type, n.regex())
}

// metaspace reads what the pre-tokenizer does with spaces, and says whether any are marked then.
func (f *file) metaspace(s *Spec, marked bool) (bool, error) {
	cut, err := steps("pre_tokenizer", f.PreTokenizer)
	if err != nil {
		return false, err
	}
	if len(cut) == 2 && cut[0].Type == "WhitespaceSplit" && cut[1].Type == "Metaspace" && cut[1].Scheme == "always" {
		s.parts.words, cut = true, cut[1:]
	}
	for _, p := range cut {
		prefix, ok := map[string]Prefix{"never": NoPrefix, "first": FirstPrefix, "always": SparePrefix}[p.Scheme]
		if p.Type != "Metaspace" || p.Replacement != mark || marked || !ok {
			return false, refuse("pre_tokenizer %s: %.200s", p.Type, f.PreTokenizer)
		}
		s.Prefix, s.parts.cut, marked = prefix, p.Split == nil || *p.Split, true
	}
	return marked, nil
}

// unigramDecoder checks the decoder: it writes ▁ as a space and bytes as what they stand for.
func (f *file) unigramDecoder(s *Spec) error {
	decoder, err := steps("decoder", f.Decoder)
	if err != nil {
		return err
	}
	bytes := false
	for _, d := range decoder {
		switch d.Type {
		case "ByteFallback":
			bytes = true
		case "Metaspace", "Replace", "Fuse", "Strip":
		default:
			return refuse("decoder %s: %.200s", d.Type, f.Decoder)
		}
	}
	if len(decoder) == 0 || bytes != s.parts.bytes {
		return refuse("decoder does not fit model.byte_fallback %v: %.200s", s.parts.bytes, f.Decoder)
	}
	return nil
}
