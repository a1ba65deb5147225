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
	// Margin is how much more likely the place is than any other of the corpus, in nats, at most mostMargin; 0 in one step.
	Margin float64 `json:",omitempty"`
}

// Known reports whether the corpus has the place.
func (p Piece) Known() bool { return p.Section >= 0 }

// Speaker asks one model.
type Speaker struct {
	Decoder    *decode.Decoder
	Domain     *domain.Domain
	OneStep    bool // the text straight from the question, for the ablation and for corpora without places
	TextTokens int

	places *Places                           // nil until one is named
	texts  map[string]string                 // place → generated text: it depends on the place alone
	draw   func(question string) *rng.Stream // of an answer in one step that is drawn; nil = the most likely one
}

// New returns a speaker that names places, nil = those of the domain's sections without parts, with the default limit for texts.
func New(d *decode.Decoder, dom *domain.Domain, places *Places, oneStep bool) *Speaker {
	return &Speaker{
		Decoder: d, Domain: dom, OneStep: oneStep || !dom.Forms.TwoSteps(), TextTokens: DefaultTextTokens, places: places, texts: map[string]string{},
	}
}

// Say generates knowledge for each question, in one batch. soft [n,C] stands in front of the question's embeddings; nil for none.
func (s *Speaker) Say(ctx context.Context, questions []string, soft []float32) ([]Piece, error) {
	if s.OneStep {
		return s.sayAtOnce(ctx, questions, soft)
	}
	named, err := s.choose(ctx, questions, soft, one)
	if err != nil {
		return nil, err
	}
	out := make([]Piece, len(questions))
	for i, q := range questions {
		out[i] = s.named(q, named[i])
	}
	return out, s.recite(ctx, out)
}

// Name is Say without the text: only the place is named, where that is a step of its own. A question that the model's context does not hold
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
	named, err := s.choose(ctx, short, soft, one)
	for j, i := range at[:len(named)] {
		out[i] = s.named(short[j], named[j])
	}
	return out, err
}

// wanted is how many places are looked for, and how much less likely than the best they may be, in nats.
type wanted struct {
	most  int
	slack float64
}

// mostMargin is how much less likely than the best a place is looked for, only to say how far it is from that.
const mostMargin = 2

var one = wanted{2, mostMargin}

// choose finds the most likely places of each question among those that there are.
func (s *Speaker) choose(ctx context.Context, questions []string, soft []float32, w wanted) ([]decode.Chosen, error) {
	if s.places == nil {
		s.places = NewPlaces(s.Domain, nil)
	}
	reqs := make([]decode.ChoiceRequest, len(questions))
	for i, q := range questions {
		reqs[i] = decode.ChoiceRequest{Prompt: s.Domain.Tokenizer.Encode(form.Ask(q)), Soft: soft, Among: s.places.choices, Most: w.most, Slack: w.slack}
	}
	return s.Decoder.Choose(ctx, reqs)
}

// named is what is known of a question whose place is the best of what was chosen, but for the text.
func (s *Speaker) named(question string, c decode.Chosen) Piece {
	if len(c.Best) == 0 {
		return Piece{Question: question, Section: -1}
	}
	p := s.piece(question, s.places.place(c.Best[0].Index), "")
	next := c.Rest
	if len(c.Best) > 1 {
		next = c.Best[1].LogProb
	}
	p.LogProb, p.Margin = c.Best[0].LogProb, max(0, min(mostMargin, c.Best[0].LogProb-next))
	return p
}

// Remember takes a text that was generated before, by a run that was interrupted: the place is not recited again.
func (s *Speaker) Remember(place, text string) { s.texts[place] = text }

// recite fills in the texts of places, each recited once.
func (s *Speaker) recite(ctx context.Context, pieces []Piece) error {
	var fresh []string
	var reqs []decode.Request
	seen := map[string]bool{}
	for _, p := range pieces {
		if _, have := s.texts[p.Place]; have || seen[p.Place] || p.Place == "" {
			continue
		}
		seen[p.Place] = true
		fresh = append(fresh, p.Place)
		reqs = append(reqs, decode.Request{Prompt: s.Domain.Tokenizer.Encode(p.Place), MaxNew: s.TextTokens, Stop: []int32{s.Domain.EOS}})
	}
	results, err := s.Decoder.Generate(ctx, reqs)
	if err != nil {
		return err
	}
	for i, r := range results {
		s.texts[fresh[i]] = s.decodeText(r)
	}
	for i, p := range pieces {
		said := s.piece(p.Question, p.Place, s.texts[p.Place])
		pieces[i].Text, pieces[i].Verified = said.Text, said.Verified
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
	reqs := make([]decode.Request, len(questions))
	for i, q := range questions {
		reqs[i] = decode.Request{Prompt: s.Domain.Tokenizer.Encode(form.Ask(q)), Soft: soft, MaxNew: s.Domain.PlaceTokens + s.TextTokens, Stop: []int32{s.Domain.EOS}}
		if s.draw != nil {
			reqs[i].Temperature, reqs[i].Stream = 1, s.draw(q)
		}
	}
	results, err := s.Decoder.Generate(ctx, reqs)
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
