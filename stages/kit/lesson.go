package kit

import (
	"math"

	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/rng"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// lesson makes the examples of an epoch.
type lesson struct {
	cfg     Config
	dom     *domain.Domain
	read    *domain.Reading
	pairs   pairList
	seed    uint64
	context int
	general *domain.General // text beside the corpus; nil = none is read
}

// example is a draw of an epoch: what its tokens are made from.
type example struct {
	index        int32 // of the pair, of the section, or of the window of general text
	size, prompt int32 // tokens
	form         int16 // of the section; or else:
	part, of     int16 // of the section
}

// What an example is in place of a section in a form.
const (
	aPair   int16 = -1
	aWindow int16 = -2 // of general text
)

// epoch is a pass; it is a pack.Source.
type epoch struct {
	*lesson
	examples []example
}

// epoch is a pass: every pair once, Replay sections in document form for each, of a long one a part, and General windows of general text for each. The loss of a pair is on the answer and its end mark only.
func (l *lesson) epoch(number int) (pack.Source, error) {
	e := epoch{lesson: l}
	for i := range l.pairs.refs {
		made, err := l.pair(i)
		if err != nil {
			return nil, err
		}
		e.examples = append(e.examples, example{index: int32(i), size: int32(len(made.Tokens)), prompt: int32(made.Prompt), form: aPair})
	}
	draw := rng.New(l.seed, "kit", "replay").At(uint64(number))
	order := draw.Perm(l.dom.Sections.Len())
	for i := range int(math.Round(l.cfg.Replay * float64(len(l.pairs.refs)))) {
		section, form := order[i%len(order)], draw.IntN(max(1, len(l.dom.Forms.Document)))
		part, of := 1, l.read.Parts(section)
		if of > 1 {
			part += draw.IntN(of)
		}
		size, err := l.read.DocumentLen(section, form, part, of)
		if err != nil {
			return nil, err
		}
		e.examples = append(e.examples, example{index: int32(section), size: int32(size), form: int16(form), part: int16(part), of: int16(of)})
	}
	if l.general != nil {
		for _, i := range l.general.Pass(l.windows(), number, l.round) {
			tokens := l.general.Example(i).Tokens
			e.examples = append(e.examples, example{index: int32(i), size: int32(len(tokens)), form: aWindow})
		}
	}
	draw.Shuffle(len(e.examples), func(i, j int) { e.examples[i], e.examples[j] = e.examples[j], e.examples[i] })
	return e, nil
}

// windows is how many windows of general text a pass reads.
func (l *lesson) windows() int {
	return max(1, int(math.Round(float64(l.cfg.General*float64(len(l.pairs.refs))))))
}

// round is the order in which a round reads the windows.
func (l *lesson) round(round, windows int) []int {
	return rng.New(l.seed, "kit", "general").At(uint64(round)).Perm(windows)
}

// Len is the number of examples.
func (e epoch) Len() int { return len(e.examples) }

// Size is that of example i.
func (e epoch) Size(i int) (tokens, prompt int) {
	return int(e.examples[i].size), int(e.examples[i].prompt)
}

// Example makes example i.
func (e epoch) Example(i int) (pack.Example, error) {
	x := e.examples[i]
	switch x.form {
	case aPair:
		return e.pair(int(x.index))
	case aWindow:
		return e.general.Example(int(x.index)), nil
	}
	tokens, err := e.read.Document(int(x.index), int(x.form), int(x.part), int(x.of))
	return pack.Example{ID: e.dom.Sections.At(int(x.index)).ID, Tokens: tokens}, err
}

// pair makes the example of pair i.
func (l *lesson) pair(i int) (pack.Example, error) {
	p, err := l.pairs.at(i)
	if err != nil {
		return pack.Example{}, err
	}
	section := l.pairs.refs[i].section
	if section < 0 || l.placeAlone(p) {
		return l.example(p.ID, p.Question, l.reply(p)), nil
	}
	reply, err := l.read.Reply(p, int(section))
	prompt := l.dom.Tokenizer.Encode(form.Ask(p.Question))
	return l.cut(pack.Example{ID: p.ID, Prompt: len(prompt), Tokens: append(prompt, reply...)}), err
}

// placeAlone reports whether the place is the whole answer: in two steps the text is recited from the place alone.
func (l *lesson) placeAlone(p pairs.Pair) bool {
	return p.Place != "" && (l.cfg.Knowledge == knowledge.TwoStep || p.Kind == pairs.Quote)
}

// reply is what the model learns to say.
func (l *lesson) reply(p pairs.Pair) string {
	if l.placeAlone(p) {
		return l.dom.Forms.Reply(p.Place, "")
	}
	return l.dom.Forms.Reply(p.Place, p.Text)
}

func (l *lesson) example(id, question, reply string) pack.Example {
	return l.cut(pack.Encode(l.dom.Tokenizer, id, form.Ask(question), reply, l.dom.EOS, false))
}

func (l *lesson) cut(ex pack.Example) pack.Example {
	ex.Tokens = ex.Tokens[:min(len(ex.Tokens), l.context)]
	return ex
}

// heldOut are the dev questions, answered as the pairs are.
func (l *lesson) heldOut() pack.Examples {
	var out pack.Examples
	for _, item := range exam.Only(l.dom.Items, exam.Dev) {
		p := pairs.Pair{Kind: pairs.Number, Place: item.Place, Text: item.Knowledge}
		out = append(out, l.example("held-out/"+item.ID, item.Question, l.reply(p)))
	}
	return out
}
