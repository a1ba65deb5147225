package delivery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slm/data/form"
	"slm/llm"
	"slm/optim/bayes"
)

// Parts that can be searched.
const (
	Prompt    = "prompt"    // the soft prompt in front of the small model's question
	Wording   = "wording"   // words around knowledge and question, which of them is first, and the places
	Passages  = "passages"  // which passages, how many, how long and in which order
	Samples   = "samples"   // answers of the small model
	Gate      = "gate"      // from which probability they count
	Normalise = "normalise" // scores of the options
)

// Knob is one thing about a delivery that can be set to several levels.
type Knob struct {
	Part, Name string
	Levels     []string // in words
	Nominal    bool     // they have no order
	Default    int      // the recipe's
	set        func(d *Delivery, level int)
}

// Space is what is searched: the coordinates of a soft prompt, then one for each knob.
type Space struct {
	Soft  int // coordinates of the soft prompt; 0 = it is not searched
	Knobs []Knob
	usual Delivery
}

// gates are the levels of the gate.
var gates = []float64{0, 0.1, 0.25, 0.5, 0.75, 0.9}

// NewSpace is the space of some parts: soft coordinates, wordings in the language of some texts, passages around the recipe's length. Scores are
// normalised where options have them.
func NewSpace(parts []string, soft, tokens int, texts []string, scores bool) Space {
	s := Space{usual: Usual(tokens)}
	if slices.Contains(parts, Prompt) {
		s.Soft = soft
	}
	if slices.Contains(parts, Passages) {
		s.usual.Room = 2 * tokens
	}
	for _, k := range knobs(tokens, form.Wordings(texts)) {
		if slices.Contains(parts, k.Part) && (scores || k.Part != Normalise) {
			s.Knobs = append(s.Knobs, k)
		}
	}
	return s
}

// knobs are all of them.
func knobs(tokens int, wordings []form.Wording) []Knob {
	var words []string
	for _, w := range wordings {
		words = append(words, strings.TrimSpace(strings.ReplaceAll(w.Cloze("{knowledge}", "{question}"), "\n", " ")))
	}
	lengths := []int{max(1, tokens/3), max(1, 2*tokens/3), tokens, 3 * tokens / 2, 2 * tokens}
	choice := func(part, name string, set func(*Delivery, int), levels ...string) Knob {
		return Knob{Part: part, Name: name, Levels: levels, Nominal: true, set: set}
	}
	scale := func(part, name string, at int, set func(*Delivery, int), levels ...string) Knob {
		return Knob{Part: part, Name: name, Levels: levels, Default: at, set: set}
	}
	return []Knob{
		choice(Wording, "wording", func(d *Delivery, i int) { after := d.Wording.After; d.Wording = wordings[i]; d.Wording.After = after }, words...),
		choice(Wording, "knowledge", func(d *Delivery, i int) { d.Wording.After = i == 1 }, "before the question", "after it"),
		choice(Wording, "source", func(d *Delivery, i int) { d.Source = i == 1 }, "without its place", "with its place"),
		choice(Passages, "text", func(d *Delivery, i int) { d.Text = []string{Generated, Cited, Nothing}[i] }, Generated, Cited, Nothing),
		scale(Passages, "found", 0, func(d *Delivery, i int) { d.Passages = i }, numbers(0, 1, 2, 3, MostPassages)...),
		choice(Passages, "order", func(d *Delivery, i int) { d.Reverse = i == 1 }, "best first", "best last"),
		scale(Passages, "tokens", 2, func(d *Delivery, i int) { d.Tokens = lengths[i] }, numbers(lengths...)...),
		scale(Samples, "samples", 0, func(d *Delivery, i int) { d.Samples = []int{1, 3, MostSamples}[i] }, numbers(1, 3, MostSamples)...),
		choice(Samples, "join", func(d *Delivery, i int) { d.Join = []string{Most, All}[i] }, "most frequent place", "all places"),
		scale(Gate, "gate", 0, func(d *Delivery, i int) { d.Gate = gates[i] }, numbers(gates...)...),
		choice(Normalise, "scores", func(d *Delivery, i int) { d.Norm = []string{llm.Mean, llm.Sum, llm.PMI}[i] }, llm.Mean, llm.Sum, llm.PMI),
	}
}

func numbers[T int | float64](list ...T) (words []string) {
	for _, v := range list {
		words = append(words, strconv.FormatFloat(float64(v), 'g', -1, 64))
	}
	return words
}

// Dims are the coordinates.
func (s Space) Dims() bayes.Space {
	out := make(bayes.Space, s.Soft, s.Soft+len(s.Knobs))
	for _, k := range s.Knobs {
		out = append(out, k.dim())
	}
	return out
}

func (k Knob) dim() bayes.Dim { return bayes.Dim{Levels: len(k.Levels), Nominal: k.Nominal} }

// Default is the point of the recipe's delivery without a soft prompt.
func (s Space) Default() []float64 {
	z := make([]float64, s.Soft, s.Soft+len(s.Knobs))
	for _, k := range s.Knobs {
		z = append(z, k.dim().At(k.Default))
	}
	return z
}

// Prompt is the part of a point that is the soft prompt.
func (s Space) Prompt(z []float64) []float64 { return z[:s.Soft] }

// Level is what a point sets a knob to.
func (s Space) Level(z []float64, knob int) int { return s.Knobs[knob].dim().Level(z[s.Soft+knob]) }

// With is a point with a knob set to a level.
func (s Space) With(z []float64, knob, level int) []float64 {
	z = slices.Clone(z)
	z[s.Soft+knob] = s.Knobs[knob].dim().At(level)
	return z
}

// Delivery is that of a point. No point is the recipe's.
func (s Space) Delivery(z []float64) Delivery {
	d := s.usual
	if len(z) > 0 {
		for i, k := range s.Knobs {
			k.set(&d, s.Level(z, i))
		}
	}
	return d
}

// Words say what a point changes about the recipe's delivery; empty for nothing.
func (s Space) Words(z []float64) string {
	var words []string
	for i, k := range s.Knobs {
		if level := s.Level(z, i); level != k.Default {
			words = append(words, fmt.Sprintf("%s: %s", k.Name, k.Levels[level]))
		}
	}
	return strings.Join(words, "; ")
}
