package systems

import (
	"context"
	"errors"
	"maps"
	"slices"

	"slm/llm"
	"slm/model/decode"
	"slm/retrieve"
	"slm/stages/delivery"
	"slm/stages/gate"
	"slm/stages/knowledge"
)

// Block is how many questions of an evaluation are spoken about or answered between two saves of partial work.
const Block = 32

// Resources are what systems are made of. Open fills them from a run's folder. What a run lacks is absent, and the systems that need it are
// not available. They serve one goroutine at a time.
type Resources struct {
	Seed  uint64
	Items []Question // of an evaluation, all of them; none when questions come one by one

	Box   llm.Client // the black box; nil = it is not asked, and answers end with their knowledge
	Style string     // how it is asked to choose: llm.Cloze or llm.Letter
	// ReplyTokens is the longest free reply; 0 = DefaultReplyTokens.
	ReplyTokens int

	Speakers map[string]Speaker // by the system that is made with one
	Latest   string             // of them, after the last stage of the method that the run has; "" = there are none
	Has      map[string]bool    // stages of the method that the run has
	Corpus   Corpus             // nil = there is none
	Search   retrieve.Retriever // over the corpus, by keywords; nil = there is none
	// Retrievers are all that find sections, by name: search.Keyword, and where the run has stage find, search.Dense and search.Hybrid.
	Retrievers map[string]retrieve.Retriever
	// Near says how near a question is to each section, by the vectors of the run's first encoder; nil = there are none.
	Near     retrieve.Scorer
	Delivery *delivery.Delivery                   // that the search of bpo has chosen; nil = the usual one. With it,
	Cut      func(text string, tokens int) string // of the corpus, and
	Shorter  func(text string, tokens int) string // of what the small model says

	// Small is the model of the method's last training stage; ErrUnavailable: the run has none.
	Small func() (*decode.Decoder, error)

	// Experts are that model, M⁺, and the one before it was tuned, M⁻, for proxy-tuning, with the speaker of M⁺; ErrUnavailable: the run has no two. nil = the same.
	Experts  func() (Experts, error)
	Proxying Proxying
	Graded   func() []Graded // development questions with options, for its α; nil = there are none
	Hidden   bool            // personal data are hidden from the black box in all that it is told
	OneStep  bool            // the small model writes its text straight from the question

	Bridge *gate.Bridge // nil = the run has fitted none
	Gate   *gate.Gate   // the same; there is none without a bridge

	Routed *Routed // by which auto shares questions out by price; nil = by the gate

	Places      bool                  // the small models name places of the corpus
	Dev         func() []Known        // development questions, for confidence; nil = there are none
	Judge       bool                  // every answer says how sure the small model is, also of those who do not ask
	Confidences map[string]Confidence // by speaker, as far as they were needed; may be filled in before
	Fitting     func(step, of int)    // is told how many of the questions that a confidence is fitted on were asked, first that none was; may be nil

	Journal Journal // of what the small models said; nil = it is kept in memory

	// Known is told the answers, with place and knowledge in them, before the black box is asked; may be nil.
	Known func([]Answer)

	// Silent says that the black box is not asked what has no choices.
	Silent bool
	// Grounded says that it is not asked such a question either where it would be given nothing that stands in the corpus.
	Grounded bool

	fitted *fitted        // of proxy, by whoever opens it first
	at     map[string]int // items by id
}

// Examine makes these the questions of the evaluation.
func (r *Resources) Examine(items []Question, j Journal) { r.Items, r.Journal, r.at = items, j, nil }

// Passage is a text and where it stands: the place by which the small model knows it, and the file.
type Passage struct{ Place, Text, Source string }

// Corpus gives texts of the corpus.
type Corpus interface {
	// At is what stands at a place.
	At(place string) (Passage, bool)
	// Passage is a section that was found.
	Passage(section int) Passage
	// Names compares a question with a place of the corpus: with the title, number or heading that the place shows.
	Names(question, place string) Naming
	// Named is the one section that a question names in this way.
	Named(question string) (section int, ok bool)
	// Head cuts a text to what the black box is given of one passage.
	Head(text string) string
	// Covered is the share of a question's terms that stand in a text, the rare ones counting more.
	Covered(question, text string) float64
	// Subject is retrieve.Rarity's.
	Subject(question string, common, texts []string) (known, best float64)
}

// Journal keeps what small models said about the questions of an evaluation.
type Journal interface {
	Piece(speaker, item string) (knowledge.Piece, bool)
	Keep(speaker string, items []string, pieces []knowledge.Piece) error
}

// memory is a journal that ends with the process.
type memory map[[2]string]knowledge.Piece

func (m memory) Piece(speaker, item string) (knowledge.Piece, bool) {
	p, ok := m[[2]string{speaker, item}]
	return p, ok
}

func (m memory) Keep(speaker string, items []string, pieces []knowledge.Piece) error {
	for i, item := range items {
		m[[2]string{speaker, item}] = pieces[i]
	}
	return nil
}

func (r *Resources) journal() Journal {
	if r.Journal == nil {
		r.Journal = memory{}
	}
	return r.Journal
}

// position is where a question stands among the evaluation's.
func (r *Resources) position(id string) (int, bool) {
	if r.at == nil {
		r.at = make(map[string]int, len(r.Items))
		for i, q := range r.Items {
			r.at[q.ID] = i
		}
	}
	i, ok := r.at[id]
	return i, ok
}

// opener is what is read from the run's folder at first use, or before.
type opener interface{ Ready() error }

// Ready opens small models and indices, so that no answer reads the run's folder later. What cannot be opened is told to whoever asks for it.
func (r *Resources) Ready() {
	open := func(what any) {
		if o, ok := what.(opener); ok {
			_ = o.Ready()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Speakers)) {
		open(r.Speakers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Retrievers)) {
		open(r.Retrievers[name])
	}
}

// Close frees indices and encoders.
func (r *Resources) Close() error {
	var errs []error
	if r.Search != nil {
		errs = append(errs, r.Search.Close())
	}
	for _, name := range slices.Sorted(maps.Keys(r.Retrievers)) {
		errs = append(errs, r.Retrievers[name].Close())
	}
	return errors.Join(errs...)
}

// locate says where the corpus has the place of an answer.
func (r *Resources) locate(a *Answer) {
	if r.Corpus == nil || a.Source != "" {
		return
	}
	if p, ok := r.Corpus.At(a.Place); ok {
		a.Source = p.Source
	}
}

// Reader is a system that gives the black box some knowledge and lets it answer. know returns answers with place and knowledge in them.
func (r *Resources) Reader(know func(context.Context, []Question) ([]Answer, error)) System {
	return reader{r, delivery.Delivery{}, know}
}

type reader struct {
	r    *Resources
	put  delivery.Delivery // its words and scores; the zero value has the usual ones
	know func(context.Context, []Question) ([]Answer, error)
}

// Answer implements System.
func (s reader) Answer(ctx context.Context, qs []Question) ([]Answer, error) {
	answers, err := s.know(ctx, qs)
	if err != nil {
		return nil, err
	}
	for i := range answers {
		answers[i].Picked = -1
		s.r.locate(&answers[i])
	}
	if s.r.Known != nil {
		s.r.Known(answers)
	}
	return answers, s.r.reply(ctx, qs, answers, s.put)
}
