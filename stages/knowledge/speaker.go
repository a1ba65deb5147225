// Package knowledge lets the small model speak: from a question to a place in the corpus, and from the place to its text. The stages
// that judge knowledge (kit, bpo, eval) and the command that uses it (ask) share this one way.
package knowledge

import (
	"context"
	"strings"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/form"
	"slm/model/decode"
	"slm/rng"
	"slm/stages/domain"
)

// DefaultTextTokens is the longest text that is generated, in tokens.
const DefaultTextTokens = 96

// Piece is what the model knows about a question.
type Piece struct {
	Question string
	Place    string // as the model named it; empty when it named none
	Text     string // the knowledge
	Section  int    // index of the section at that place; -1 when the corpus has no such place
	Verified bool   // the text stands in the corpus at that place, word for word as far as it goes
	// LogProb is that of what was generated from the question: of the place, in one step of place and text. 0 where it was not generated.
	LogProb float64 `json:",omitempty"`
}

// Known reports whether the corpus has the place.
func (p Piece) Known() bool { return p.Section >= 0 }

// Speaker asks one model.
type Speaker struct {
	Decoder     *decode.Decoder
	Domain      *domain.Domain
	OneStep     bool // the text straight from the question, for the ablation and for corpora without places
	PlaceTokens int  // of the longest place that is generated: those of the corpus's longest
	TextTokens  int

	texts map[string]string                 // place → generated text: it depends on the place alone
	marks []int32                           // tokens at which a place ends
	draw  func(question string) *rng.Stream // of an answer that is drawn; nil = the most likely one
}

// New returns a speaker that can name every place of the domain, with the default limit for texts.
func New(d *decode.Decoder, dom *domain.Domain, oneStep bool) *Speaker {
	s := &Speaker{
		Decoder: d, Domain: dom, OneStep: oneStep || !dom.Forms.TwoSteps(), PlaceTokens: dom.PlaceTokens, TextTokens: DefaultTextTokens,
		texts: map[string]string{}, marks: []int32{dom.EOS},
	}
	for id := range int32(dom.Tokenizer.Vocab()) {
		if strings.ContainsAny(dom.Tokenizer.Decode([]int32{id}), form.Marks) {
			s.marks = append(s.marks, id)
		}
	}
	return s
}

// Say generates knowledge for each question, in one batch. soft [n,C] stands in front of the question's embeddings; nil for none.
func (s *Speaker) Say(ctx context.Context, questions []string, soft []float32) ([]Piece, error) {
	if s.OneStep {
		return s.sayAtOnce(ctx, questions, soft)
	}
	places, sure, err := s.name(ctx, questions, soft)
	if err != nil {
		return nil, err
	}
	if err := s.recite(ctx, places); err != nil {
		return nil, err
	}
	out := make([]Piece, len(questions))
	for i, q := range questions {
		out[i] = s.piece(q, places[i], s.texts[places[i]])
		out[i].LogProb = sure[i]
	}
	return out, nil
}

// Places generates the place of each question.
func (s *Speaker) Places(ctx context.Context, questions []string, soft []float32) ([]string, error) {
	places, _, err := s.name(ctx, questions, soft)
	return places, err
}

// Name is Say without the text: only the place is generated, where that is a step of its own. A question that the model's context does not hold
// gets no place.
func (s *Speaker) Name(ctx context.Context, questions []string, soft []float32) ([]Piece, error) {
	out := make([]Piece, len(questions))
	var short []string
	var at []int
	for i, q := range questions {
		out[i] = Piece{Question: q, Section: -1}
		if len(s.Domain.Tokenizer.Encode(form.Ask(q)))+len(soft)/s.Decoder.Config().Width < s.Decoder.Config().Context {
			short, at = append(short, q), append(at, i)
		}
	}
	if s.OneStep {
		said, err := s.sayAtOnce(ctx, short, soft)
		for j, i := range at[:len(said)] {
			out[i] = said[j]
		}
		return out, err
	}
	places, sure, err := s.name(ctx, short, soft)
	for j, i := range at[:len(places)] {
		out[i] = s.piece(short[j], places[j], "")
		out[i].LogProb = sure[j]
	}
	return out, err
}

// name generates the place of each question, with its log-probability.
func (s *Speaker) name(ctx context.Context, questions []string, soft []float32) (places []string, sure []float64, err error) {
	results, err := s.Decoder.Generate(ctx, s.requests(questions, soft, s.PlaceTokens, s.marks))
	if err != nil {
		return nil, nil, err
	}
	places, sure = make([]string, len(questions)), make([]float64, len(questions))
	for i, r := range results {
		sure[i] = r.LogProb
		tokens := r.Tokens
		if r.Stopped && r.Stop != s.Domain.EOS {
			tokens = append(tokens, r.Stop) // the mark, with what the token glues to it
		}
		places[i], _ = s.Domain.Forms.ParsePlace(s.Domain.Tokenizer.Decode(tokens))
	}
	return places, sure, nil
}

func (s *Speaker) requests(questions []string, soft []float32, tokens int, stop []int32) []decode.Request {
	reqs := make([]decode.Request, len(questions))
	for i, q := range questions {
		reqs[i] = decode.Request{Prompt: s.Domain.Tokenizer.Encode(form.Ask(q)), Soft: soft, MaxNew: tokens, Stop: stop}
		if s.draw != nil {
			reqs[i].Temperature, reqs[i].Stream = 1, s.draw(q)
		}
	}
	return reqs
}

// Remember takes a text that was generated before, by a run that was interrupted: the place is not recited again.
func (s *Speaker) Remember(place, text string) { s.texts[place] = text }

// recite fills in the texts of places that have not been recited before.
func (s *Speaker) recite(ctx context.Context, places []string) error {
	var fresh []string
	var reqs []decode.Request
	seen := map[string]bool{}
	for _, p := range places {
		if _, have := s.texts[p]; have || seen[p] || p == "" {
			continue
		}
		seen[p] = true
		fresh = append(fresh, p)
		reqs = append(reqs, decode.Request{Prompt: s.Domain.Tokenizer.Encode(p), MaxNew: s.TextTokens, Stop: []int32{s.Domain.EOS}})
	}
	if len(reqs) == 0 {
		return nil
	}
	results, err := s.Decoder.Generate(ctx, reqs)
	if err != nil {
		return err
	}
	for i, r := range results {
		s.texts[fresh[i]] = s.decodeText(r)
	}
	return nil
}

// Head cuts a text to what a generated one may have, in tokens of the small model, so that true and generated knowledge compete with
// the same length.
func Head(dom *domain.Domain, text string, tokens int) string {
	ids := dom.Tokenizer.Encode(text)
	if len(ids) <= tokens {
		return text
	}
	return strings.TrimSpace(strings.TrimRight(dom.Tokenizer.Decode(ids[:tokens]), "\uFFFD"))
}

// Shorter is what would have been generated of a text with room for fewer tokens: the text was encoded behind its place.
func Shorter(dom *domain.Domain, text string, tokens int) string {
	ids := dom.Tokenizer.Encode(form.Continuation(text))
	if len(ids) <= tokens {
		return text
	}
	return strings.TrimSpace(strings.TrimRight(dom.Tokenizer.Decode(ids[:tokens]), "\uFFFD"))
}

// decodeText drops the end mark and a character that the limit has cut in half.
func (s *Speaker) decodeText(r decode.Result) string {
	tokens := r.Tokens
	if n := len(tokens); n > 0 && tokens[n-1] == s.Domain.EOS {
		tokens = tokens[:n-1]
	}
	return strings.TrimSpace(strings.TrimRight(s.Domain.Tokenizer.Decode(tokens), "\uFFFD"))
}

func (s *Speaker) sayAtOnce(ctx context.Context, questions []string, soft []float32) ([]Piece, error) {
	results, err := s.Decoder.Generate(ctx, s.requests(questions, soft, s.PlaceTokens+s.TextTokens, []int32{s.Domain.EOS}))
	if err != nil {
		return nil, err
	}
	out := make([]Piece, len(questions))
	for i, r := range results {
		text := s.decodeText(r)
		place, ok := s.Domain.Forms.ParsePlace(text)
		if _, _, known := s.Domain.Section(place); ok && known {
			mark, _ := utf8.DecodeLastRuneInString(place)
			_, after, _ := strings.Cut(text, string(mark))
			text = strings.TrimSpace(after)
		} else {
			place = ""
		}
		out[i] = s.piece(questions[i], place, text)
		out[i].LogProb = r.LogProb
	}
	return out, nil
}

func (s *Speaker) piece(question, place, text string) Piece {
	p := Piece{Question: question, Place: place, Text: text, Section: -1}
	if sec, i, ok := s.Domain.Section(place); ok {
		p.Section = i
		p.Verified = Stands(text, sec)
	}
	return p
}

// Stands reports whether a generated text is, word for word, the beginning of a section. The last word may have been cut by the limit.
func Stands(text string, sec corpus.Section) bool {
	got, want := strings.Fields(text), strings.Fields(sec.Text)
	if len(got) == 0 || len(got) > len(want) {
		return false
	}
	last := len(got) - 1
	for i := range last {
		if got[i] != want[i] {
			return false
		}
	}
	return strings.HasPrefix(want[last], got[last])
}
