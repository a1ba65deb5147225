package export

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"slm/checkpoint"
	"slm/data/form"
	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/result"
	"slm/stages"
	"slm/stages/domain"
)

//go:embed card.md.tmpl
var cardText string

var cardTemplate = template.Must(template.New("card").Funcs(template.FuncMap{
	"quote":   strconv.Quote,
	"percent": func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" },
	"indent":  func(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") },
}).Parse(cardText))

// card is what a model card says.
type card struct {
	Name, Run, Stage    string
	Recipe              string
	Seed                uint64
	Digest, Fingerprint string
	Kernel              string
	Adapter             string // what is written in place of the weights; "" = these
	Base                string // the weights that training went on from; "" = it began with random ones
	Folder              bool   // for Hugging Face's libraries; else for llama.cpp
	File                string // name of the file or folder
	Type                string
	Config              model.Config
	Parameters          int64
	Corpus              []string // what was read, without folders
	Digests             [][2]string
	Counts              [][2]string
	Forms               form.Set
	End                 string
	Asked, Place        string // an example: a prompt, and the place that begins the answer
	Figures             *result.Summary
	soft                int          // values of the soft prompt that is left behind
	theirs              *weights.Ref // that no step has changed: the model is what others have trained. nil = it was trained here

	tokenizer *tokenizer.Tokenizer
}

// readCard collects it from a run's folder.
func readCard(folder, stage string, to Target) (*card, error) {
	r, err := recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), nil, nil, false)
	if err != nil {
		return nil, err
	}
	c := &card{
		Name: r.Name, Run: filepath.Base(folder), Stage: stage, Recipe: r.Name, Seed: r.Seed,
		Folder: to.Format.Folder, File: filepath.Base(to.Path), Type: to.Type,
	}
	if stage != stages.RFT && stage != stages.KIT {
		c.Name += "-" + stage
	}
	c.Corpus = corpusOf(r)
	if ref, ok := r.From(); ok {
		c.Base = ref.Portable().String()
	}
	dom, err := domain.Open(filepath.Join(folder, stages.Data))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	c.Forms, c.tokenizer, c.End = dom.Forms, dom.Tokenizer, dom.Tokenizer.Token(dom.EOS)
	if dom.Sections.Len() > 0 {
		s := dom.Sections.At(0)
		c.Asked, c.Place = form.Ask(dom.Forms.ExamOf(s)), dom.Forms.PlaceOf(s)
	}
	trained, err := c.readManifests(folder)
	if err != nil {
		return nil, err
	}
	if ref, ok := r.From(); ok && !trained {
		c.theirs = &ref
	}
	if c.Figures, err = rundir.Summary(folder); err != nil {
		return nil, err
	}
	if rundir.IsCheckpoint(filepath.Join(folder, stages.BPO)) {
		soft, err := domain.LoadPrompt(filepath.Join(folder, stages.BPO))
		if err != nil {
			return nil, err
		}
		c.soft = len(soft)
	}
	return c, nil
}

// readManifests takes digests and counts from the checkpoints up to the exported one, and says whether any of them has taken a step.
func (c *card) readManifests(folder string) (trained bool, err error) {
	for _, stage := range append([]string{stages.Data}, Stages[:slices.Index(Stages, c.Stage)+1]...) {
		m, err := checkpoint.Load(filepath.Join(folder, stage))
		if err != nil {
			if stage == c.Stage {
				return false, err
			}
			continue // a stage that the run left out
		}
		c.Digests = append(c.Digests, [2]string{stage, m.Digest()})
		if stage == stages.Data {
			c.Counts = append(c.Counts, [2]string{"sections of the corpus", strconv.FormatInt(m.Counters["sections"], 10)})
			continue
		}
		trained = trained || m.Counters["steps"] > 0
		said := fmt.Sprintf("%d steps, %d trained tokens, loss %s", m.Counters["steps"], m.Counters["tokens"], m.Facts["loss"])
		if held := m.Facts["held_out_loss"]; held != "" {
			said += ", on held-out questions " + held
		}
		c.Counts = append(c.Counts, [2]string{"stage " + stage, said})
		if stage == c.Stage {
			c.Digest, c.Fingerprint, c.Kernel = m.Digest(), m.Fingerprint, m.Kernel
		}
	}
	return trained, nil
}

// corpusOf names what a run has read, without the folders of the machine.
func corpusOf(r *recipe.Loaded) (names []string) {
	if r.Data.Corpus.From != "" {
		return []string{r.Data.Corpus.From}
	}
	for _, path := range r.Data.Corpus.Path {
		names = append(names, filepath.Base(path))
	}
	return names
}

// render sets the card.
func (c *card) render() []byte {
	var b strings.Builder
	if err := cardTemplate.Execute(&b, c); err != nil {
		panic(err) // the template is the program's own
	}
	return []byte(b.String())
}

// Soft is how many vectors the soft prompt has that is left behind.
func (c *card) Soft() int { return c.soft / c.Config.Width }
