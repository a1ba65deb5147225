package dp

import (
	"fmt"
	"math"
	"strconv"

	"slm/data/pack"
	"slm/model"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/domain"
)

// mostTokens bounds what auto trains on: about eight minutes of two Zen 4 cores, or forty of two that have AVX2 alone, of a model of the shape
// that auto chooses.
const mostTokens = 5_000_000

// leastSteps is how many steps auto takes of a corpus however small: fewer do not teach a model to take a place from a question.
const leastSteps = 1000

// shapeOf is the layers and width of a model for a corpus of so many tokens, in one document form.
func shapeOf(tokens int64) (layers, width int) {
	if tokens > 400_000 {
		return 4, 256
	}
	return 3, 256
}

// Shape is the recipe's model with what is open filled in, which follows from the domain alone.
func Shape(s stages.Settings, dom *domain.Domain) (model.Shape, error) {
	return filled(stages.Get[model.Shape](s, "model"), dom)
}

func filled(shape model.Shape, dom *domain.Domain) (model.Shape, error) {
	if !shape.Open() {
		return shape, nil
	}
	rows, err := dom.Tokens()
	if err != nil {
		return shape, err
	}
	tokens := int64(0)
	for i := range dom.Sections.Len() {
		tokens += int64(rows.DocumentLen(i, 0))
	}
	return shape.Filled(shapeOf(tokens)), nil
}

// Outlook is what a training is expected to come to.
type Outlook struct {
	Auto    bool    // the tokens follow from the corpus
	Known   bool    // there are measurements of such a training: with Muon and exercises
	Tokens  int64   // of all steps, padding included
	Pass    int64   // of a pass over the mixture
	Passes  float64 // over the mixture, in each of which every section is read once
	Recall  Range   // share of the sections that are asked about by their names, whose place and beginning are right
	Texts   float64 // share of the tokens that are the texts, the others being questions about their places; 0 = not known
	General bool    // the others are general text, too
	Wanted  int64   // tokens with which auto would reach Enough; Tokens, where they are enough
}

// Enough is the recall that auto aims at.
const Enough = 0.9

// Look says what a stage's tokens come to on a mixture, and how many they are where the recipe leaves it open.
func (c Config) Look(mix *Mixture, context int) (Outlook, error) {
	first, err := mix.Epoch(0)
	if err != nil {
		return Outlook{}, err
	}
	return c.look(int64(pack.Pack(first, max(1, c.Batch/context), context).Len() * c.Batch)), nil
}

func (c Config) look(pass int64) Outlook {
	o := Outlook{Auto: c.Tokens == schema.Auto, Known: c.Optim.Name == "muon" && c.Mix.Drill > 0, General: c.Mix.General > 0, Tokens: c.Tokens, Pass: pass, Wanted: wanted(pass, c.Batch)}
	switch {
	case o.Auto:
		o.Tokens = min(o.Wanted, mostTokens)
	case c.Epochs > 0:
		o.Tokens = int64(math.Ceil(c.Epochs * float64(pass)))
	}
	o.Passes = float64(o.Tokens) / float64(max(1, pass))
	o.Recall = expect(o.Passes)
	return o
}

// Poor reports whether most sections are expected not to be known.
func (o Outlook) Poor() bool { return o.Known && o.Recall.Mid < 0.5 }

// wanted are the tokens of as many passes as Enough takes.
func wanted(pass int64, batch int) int64 {
	steps := math.Ceil(enoughPasses * float64(pass) / float64(batch))
	return int64(max(steps, leastSteps)) * int64(batch)
}

// LookOf is Look of a recipe on a domain.
func LookOf(s stages.Settings, dom *domain.Domain) (Outlook, error) {
	stage, context := fromRecipe(s), stages.Get[int](s, "model.context")
	mix, err := stage.mixture(dom, context, stages.Get[uint64](s, "seed"))
	if err != nil {
		return Outlook{}, err
	}
	return stage.cfg.Look(mix, context)
}

// String says it in words.
func (o Outlook) String() string {
	reads := fmt.Sprintf("each section is read %.0f times", o.Passes)
	if o.Passes < 1 {
		reads = fmt.Sprintf("%.0f %% of the sections are read, once", 100*o.Passes)
	}
	text := fmt.Sprintf("%s, in %s of training", reads, million(o.Tokens))
	if o.Texts > 0 && o.Texts < 1 {
		text += fmt.Sprintf(", %.0f %% of which are the texts and the others questions about places%s", 100*o.Texts, o.beside())
	}
	if !o.Known {
		return text
	}
	text += fmt.Sprintf("; the small model is expected to know %s of the sections", o.Recall)
	if o.Tokens < o.Wanted {
		text += fmt.Sprintf("; with %s it would be %.0f %%", million(o.Wanted), 100*expect(enoughPasses).Mid)
	}
	return text
}

// beside is what else a pass reads than the texts and questions about them, as the end of a sentence.
func (o Outlook) beside() string {
	if o.General {
		return " and general text"
	}
	return ""
}

// patience is how long a training may take before the estimate says what a shorter one would come to, seconds.
const patience = 15 * 60

// sooner says what a training would come to that ends within patience, where this one takes so many seconds; "" if it ends by then, or nothing
// is known of a shorter one.
func (o Outlook) sooner(seconds float64) string {
	const step = 100_000
	if !o.Known || seconds <= patience {
		return ""
	}
	tokens := int64(float64(o.Tokens)*patience/seconds) / step * step
	if tokens == 0 {
		return ""
	}
	return fmt.Sprintf("a quarter of an hour is enough for %s here (-s stages.dp.tokens=%dk); the small model is expected to know %s of the sections then",
		million(tokens), tokens/1000, expect(float64(tokens)/float64(max(1, o.Pass))))
}

func million(tokens int64) string {
	if tokens < 100_000 {
		return fmt.Sprintf("%d tokens", tokens)
	}
	return fmt.Sprintf("%.1f M tokens", float64(tokens)/1e6)
}

// facts tell what a recipe has left open and the corpus has decided.
func (o Outlook) facts(facts map[string]string, cfg model.Config) {
	facts["auto_model"] = fmt.Sprintf("%d layers, width %d, %d heads", cfg.Layers, cfg.Width, cfg.Heads)
	facts["auto_tokens"], facts["auto_passes"] = strconv.FormatInt(o.Tokens, 10), strconv.FormatFloat(o.Passes, 'f', 1, 64)
	facts["expected_recall"] = o.Recall.String()
}

// questionTokens is how long a question with its place is, about.
const questionTokens = 40

// Expect is Look before there are data: of a corpus that was surveyed, of so many sections and tokens.
func (c Config) Expect(sections int, tokens int64) Outlook {
	each := (c.Mix.Places + c.Mix.Asked + c.Mix.Drill) / c.Mix.Corpus * questionTokens
	whole := 1 + c.Mix.Pairs/c.Mix.Corpus // a question answered in full holds the text again
	texts, others := whole*float64(tokens), each*float64(sections)+float64(c.Mix.General/c.Mix.Corpus)*float64(tokens)
	o := c.look(int64(texts + others))
	o.Texts = texts / max(1, texts+others)
	return o
}
