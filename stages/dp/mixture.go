package dp

import (
	"math"

	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/rng"
	"slm/stages/domain"
)

// Mixture makes the examples of an epoch, from the tokens that the data stage has written.
type Mixture struct {
	dom     *domain.Domain
	read    *domain.Reading
	mix     Mix
	max     int // tokens of an example
	seed    uint64
	pairs   *pairs.Questions
	trained []int32         // sections with pairs, in corpus order
	made    *domain.Made    // nil without questions made by rules
	real    map[string]bool // places that there are; nil without exercises
	guard   *exam.Guard     // of what exercises must not ask; nil without them
	update  *update         // what a pass reads of an update; nil = all
	general *domain.General // text beside the corpus; nil = none is read
}

// NewMixture opens the tokens of a domain and counts what can be asked about it. With cut, what is longer than an example is not read.
func NewMixture(dom *domain.Domain, mix Mix, maxSection int, cut bool, seed uint64) (*Mixture, error) {
	read, err := dom.Read(maxSection, cut)
	if err != nil {
		return nil, err
	}
	m := &Mixture{dom: dom, read: read, mix: mix, max: maxSection, seed: seed, pairs: pairs.Over(dom.Sections, exam.Held(dom.Items), dom.Forms, seed)}
	for i := range dom.Sections.Len() {
		if m.pairs.Count(i) > 0 {
			m.trained = append(m.trained, int32(i))
		}
	}
	if m.general, err = dom.General(mix.General, maxSection); err != nil {
		return nil, err
	}
	if mix.Asked > 0 {
		m.made = dom.Made()
	}
	if mix.Drill > 0 {
		m.guard, m.real = dom.Guard(), places(dom.Forms, dom.Sections)
	}
	return m, nil
}

// Long counts the sections that are read in parts, the parts, and the sections that lose their end.
func (m *Mixture) Long() (long, parts, cut int) {
	for i := range m.dom.Sections.Len() {
		if n := m.read.Parts(i); n > 1 {
			long, parts = long+1, parts+n
		}
		if m.read.Cut(i) {
			cut++
		}
	}
	return long, parts, cut
}

// kind is what an example of an epoch is.
type kind uint8

const (
	document  kind = iota // a section, or a part of it, in document form number n
	full                  // pair number n of a section, with the place and the text
	place                 // the same with the place alone
	asked                 // question number n of the pass's, made by rules, with the place
	exercise              // exercise number n of the pass's, with the place
	elsewhere             // window number section of the general text
	withdrawn             // withdrawn section number section of an update in document form number n: nothing stands there
)

// example is a draw of an epoch: what its tokens are made from.
type example struct {
	section  int32
	size     int32 // tokens
	prompt   int32 // of them that are read and not trained
	n        int32
	part, of uint16
	kind     kind
}

// epoch is a pass over the mixture; it is a pack.Source.
type epoch struct {
	*Mixture
	examples  []example
	reads     func(section int) bool
	questions []string // made by rules, in the order of their sections
	drilled   []drilled
}

// Epoch is a pass: each section once, in a document form drawn for it or for each of its parts, each training section Pairs/Corpus times as a question with its full answer and
// Places/Corpus times as a question with its place, and each section Asked/Corpus times as a question that rules make. With General it
// is some windows of general text besides. What a section draws depends on (seed, epoch, section) alone.
func (m *Mixture) Epoch(number int) (pack.Source, error) {
	e := epoch{Mixture: m, reads: m.update.pass(number)}
	for i, s := range m.dom.Sections.All() {
		if !e.reads(i) {
			continue
		}
		draw := rng.New(m.seed, "dp", "form", s.ID).At(uint64(number))
		parts := m.read.Parts(i)
		for part := 1; part <= parts; part++ {
			e.examples = append(e.examples, example{section: int32(i), kind: document, n: int32(m.form(draw)), part: uint16(part), of: uint16(parts)})
		}
	}
	for _, i := range m.trained {
		if !e.reads(int(i)) {
			continue
		}
		draw := rng.New(m.seed, "dp", "pairs", m.dom.Sections.At(int(i)).ID).At(uint64(number))
		for range times(draw, m.mix.Pairs/m.mix.Corpus) {
			e.examples = append(e.examples, example{section: i, kind: full, n: int32(draw.IntN(m.pairs.Count(int(i))))})
		}
		for range times(draw, m.mix.Places/m.mix.Corpus) {
			e.examples = append(e.examples, example{section: i, kind: place, n: int32(draw.IntN(m.pairs.Count(int(i))))})
		}
	}
	m.ask(&e, number)
	m.drill(&e, number)
	m.update.forget(&e, number)
	if err := m.replay(&e, number); err != nil {
		return nil, err
	}
	for k := range e.examples {
		x := &e.examples[k]
		if x.kind == document {
			n, err := m.read.DocumentLen(int(x.section), int(x.n), int(x.part), int(x.of))
			if err != nil {
				return nil, err
			}
			x.size = int32(n)
			continue
		}
		made, err := e.answer(*x)
		if err != nil {
			return nil, err
		}
		x.size, x.prompt = int32(len(made.Tokens)), int32(made.Prompt)
	}
	order := rng.New(m.seed, "dp", "order").At(uint64(number))
	order.Shuffle(len(e.examples), func(i, j int) { e.examples[i], e.examples[j] = e.examples[j], e.examples[i] })
	return e, nil
}

// Len is the number of examples.
func (e epoch) Len() int { return len(e.examples) }

// Size is that of example i. All of it is trained, but for the questions of exercises.
func (e epoch) Size(i int) (tokens, prompt int) {
	return int(e.examples[i].size), int(e.examples[i].prompt)
}

// Example makes example i.
func (e epoch) Example(i int) (pack.Example, error) {
	x := e.examples[i]
	if x.kind != document {
		return e.answer(x)
	}
	tokens, err := e.read.Document(int(x.section), int(x.n), int(x.part), int(x.of))
	return pack.Example{ID: e.dom.Sections.At(int(x.section)).ID, Tokens: tokens}, err
}

// answer makes a question with its answer.
func (e epoch) answer(x example) (pack.Example, error) {
	if x.kind == asked {
		return e.askedAbout(x)
	}
	if x.kind == exercise {
		return e.drilledIn(x)
	}
	if x.kind == elsewhere {
		return e.window(x)
	}
	if x.kind == withdrawn {
		return e.nothing(x), nil
	}
	p, err := e.read.Pair(e.pairs, int(x.section), int(x.n))
	if err != nil {
		return pack.Example{}, err
	}
	return e.answered(p, int(x.section), x.kind == full)
}

// answered is a question with its answer: in full, or the place alone.
func (e epoch) answered(p pairs.Pair, section int, whole bool) (pack.Example, error) {
	tokens := e.dom.Tokenizer.Encode(form.Ask(p.Question))
	if whole {
		reply, err := e.read.Reply(p, section)
		if err != nil {
			return pack.Example{}, err
		}
		tokens = append(tokens, reply...)
	} else {
		tokens = append(append(tokens, e.dom.Tokenizer.Encode(form.Continuation(e.dom.Forms.Reply(p.Place, "")))...), e.dom.EOS)
	}
	return pack.Example{ID: p.ID, Tokens: tokens[:min(len(tokens), e.max)]}, nil
}

// form draws a document form: the first, from which texts are recited in the second step, or one of the others.
func (m *Mixture) form(draw *rng.Stream) int {
	forms := max(1, len(m.dom.Forms.Document))
	if !m.dom.Forms.TwoSteps() {
		return draw.IntN(forms)
	}
	if forms == 1 || draw.Float64() >= m.mix.Other {
		return 0
	}
	return 1 + draw.IntN(forms-1)
}

// times is a number of draws whose mean is rate.
func times(draw *rng.Stream, rate float64) int {
	whole := math.Floor(rate)
	if draw.Float64() < rate-whole {
		whole++
	}
	return int(whole)
}
