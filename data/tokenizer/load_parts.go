package tokenizer

import (
	"encoding/json"
	"slices"
)

// step is one part of the pipeline: a normalizer, pre-tokenizer, decoder or post-processor.
type step struct {
	Type       string `json:"type"`
	Prefix     bool   `json:"add_prefix_space"`
	Trim       bool   `json:"trim_offsets"` // about offsets, which are not kept here
	Regex      *bool  `json:"use_regex"`    // absent = true
	Individual bool   `json:"individual_digits"`
	Pattern    *struct {
		Regex  string `json:"Regex"`
		String string `json:"String"`
	} `json:"pattern"`
	Behavior    string `json:"behavior"`
	Invert      bool   `json:"invert"`
	Content     string `json:"content"`
	Prepend     string `json:"prepend"`
	Replacement string `json:"replacement"`
	Scheme      string `json:"prepend_scheme"`
	Split       *bool  `json:"split"` // absent = true
	Start       int    `json:"start"`
	Stop        int    `json:"stop"`
	Left        bool   `json:"strip_left"`
	Right       bool   `json:"strip_right"`
	Charsmap    string `json:"precompiled_charsmap"` // base64
	Steps       []step `json:"pretokenizers"`
	Normalizers []step `json:"normalizers"`
	Decoders    []step `json:"decoders"`
}

// isolates says that the step cuts out what an expression matches.
func (s step) isolates(expression string) bool {
	return s.Type == "Split" && s.Pattern != nil && s.Pattern.Regex == expression && s.Behavior == "Isolated" && !s.Invert
}

// steps reads a part of the file: its steps in order, none where there is none.
func steps(name string, raw json.RawMessage) ([]step, error) {
	if isNull(raw) {
		return nil, nil
	}
	var s step
	if err := strict(raw, &s); err != nil {
		return nil, refuse("%s %.80s: %v", name, raw, err)
	}
	if s.Type == "Sequence" {
		return slices.Concat(s.Steps, s.Normalizers, s.Decoders), nil
	}
	return []step{s}, nil
}

// byteLevel reads a byte-level tokenizer's parts.
func (f *file) byteLevel(s *Spec) error {
	normal, err := steps("normalizer", f.Normalizer)
	switch {
	case err != nil:
		return err
	case len(normal) == 1 && normal[0].Type == "NFC":
		s.Normal = "NFC"
	case len(normal) > 0:
		return refuse("it has a normalizer: %.80s", f.Normalizer)
	}
	if f.Model.FuseUnknown && f.Model.Unknown != "" {
		return refuse("model.fuse_unk is set")
	}
	if decoder, err := steps("decoder", f.Decoder); err != nil || len(decoder) != 1 || decoder[0].Type != "ByteLevel" {
		return refuse("decoder is not ByteLevel: %.80s", f.Decoder)
	}
	s.WholeWords = f.Model.IgnoreMerges
	s.Pattern, err = parsePattern(f.PreTokenizer)
	return err
}

// regexes are the patterns that files spell out.
var regexes = map[string]Pattern{
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`: Llama3,
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:      Qwen2,
}

// parseCuts recognises the patterns that a file's steps in front of ByteLevel spell out.
func parseCuts(all []step) (Pattern, bool) {
	var texts []string
	inverted := false
	for _, s := range all {
		switch {
		case s.Type == "Digits" && s.Individual:
			texts = append(texts, digit)
		case s.Type == "Split" && s.Pattern != nil && (s.Behavior == "Isolated" && !s.Invert || s.Behavior == "Removed" && s.Invert):
			texts, inverted = append(texts, escaped.Replace(s.Pattern.Regex)), inverted || s.Invert
		default:
			return "", false
		}
	}
	p, ok := regexes[texts[0]], true
	if p == "" || len(texts) > 1 {
		p, ok = cutBy(texts)
	}
	return p, ok && (!inverted || len(texts) == 1) // one expression leaves nothing between its matches: they are all that is there
}

// parsePattern recognises the pre-tokenizers that Pattern stands for.
func parsePattern(raw json.RawMessage) (Pattern, error) {
	all, err := steps("pre_tokenizer", raw)
	if err != nil {
		return "", err
	}
	level := func(s step, regex bool) bool {
		return s.Type == "ByteLevel" && !s.Prefix && (s.Regex == nil || *s.Regex) == regex
	}
	switch {
	case len(all) == 1 && level(all[0], true):
		return GPT2, nil
	case len(all) == 2 && all[0].Type == "Digits" && all[0].Individual && level(all[1], true):
		return SmolLM2, nil
	case len(all) == 2 && all[0].isolates("["+numerals+"]") && level(all[1], true):
		return Numerals, nil
	case len(all) > 1 && level(all[len(all)-1], false):
		if p, ok := parseCuts(all[:len(all)-1]); ok {
			return p, nil
		}
	}
	return "", refuse("pre_tokenizer is none of those of GPT-2, SmolLM, LLaMA 3, Qwen 2, GPT-4o, Mistral, DeepSeek, Seed-Coder, nor Chinese digits and ByteLevel: %.200s", raw)
}

// pieces reads the parts of SentencePiece's BPE.
func (f *file) pieces(s *Spec) error {
	s.Pattern = Pieces
	normal, err := steps("normalizer", f.Normalizer)
	if err != nil {
		return err
	}
	cut, err := steps("pre_tokenizer", f.PreTokenizer)
	if err != nil {
		return err
	}
	marked := false
	for _, n := range normal {
		switch {
		case n.Type == "Prepend" && n.Prepend == mark:
			s.Prefix = EachPrefix
		case n.Type == "Replace" && n.Pattern != nil && n.Pattern.String == " " && n.Content == mark:
			marked = true
		default:
			return refuse("normalizer %s: %.200s", n.Type, f.Normalizer)
		}
	}
	for _, p := range cut {
		switch {
		case p.Type == "Metaspace" && p.Replacement == mark && p.Split != nil && !*p.Split && !marked:
			prefix, ok := map[string]Prefix{"never": NoPrefix, "first": FirstPrefix, "always": SparePrefix}[p.Scheme]
			if !ok {
				return refuse("pre_tokenizer Metaspace has the scheme %q", p.Scheme)
			}
			s.Prefix, marked = prefix, true
		case p.Type == "Split" && p.Pattern != nil && p.Pattern.String == " " && marked: // no space is left to split at
		default:
			return refuse("pre_tokenizer %s: %.200s", p.Type, f.PreTokenizer)
		}
	}
	if !marked {
		return refuse("neither normalizer nor pre_tokenizer writes spaces as %s", mark)
	}
	if f.Model.IgnoreMerges {
		return refuse("model.ignore_merges is set")
	}
	decoder, err := steps("decoder", f.Decoder)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(decoder, func(d step) bool { return d.Type == "ByteFallback" }) {
		return refuse("decoder has no ByteFallback: %.200s", f.Decoder)
	}
	return nil
}

// start reads what the post-processor puts in front of a text. What it does to pairs of texts is of no interest here.
func (f *file) start() (string, error) {
	if isNull(f.PostProcessor) {
		return "", nil
	}
	type processor struct {
		Type       string            `json:"type"`
		Processors []json.RawMessage `json:"processors"`
		Single     []struct {
			Special *struct {
				ID string `json:"id"`
			} `json:"SpecialToken"`
			Sequence *struct {
				ID string `json:"id"`
			} `json:"Sequence"`
		} `json:"single"`
	}
	var all []processor
	raw := []json.RawMessage{f.PostProcessor}
	for len(raw) > 0 {
		var p processor
		if err := json.Unmarshal(raw[0], &p); err != nil {
			return "", refuse("post_processor: %v", err)
		}
		if raw = raw[1:]; p.Type == "Sequence" {
			raw = append(raw, p.Processors...)
			continue
		}
		all = append(all, p)
	}
	start := ""
	for _, p := range all {
		switch {
		case p.Type == "ByteLevel":
		case p.Type == "TemplateProcessing" && start == "" && len(p.Single) == 1 && p.Single[0].Sequence != nil:
		case p.Type == "TemplateProcessing" && start == "" && len(p.Single) == 2 && p.Single[0].Special != nil && p.Single[1].Sequence != nil:
			start = p.Single[0].Special.ID
		default:
			return "", refuse("post_processor %s: %.200s", p.Type, f.PostProcessor)
		}
	}
	return start, nil
}
