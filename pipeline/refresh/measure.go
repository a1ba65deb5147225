package refresh

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/result"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// Measured is what a small model knows of an updated corpus, and still says of the one before.
type Measured struct {
	Run    string  `json:"run"`
	Before string  `json:"before"`
	Groups []Group `json:"groups"`
}

// Group are sections of a kind, of which some are asked about, each by its number or heading. Shares are of those.
type Group struct {
	What     string  `json:"what"` // same, new, changed, withdrawn
	Sections int     `json:"sections"`
	Asked    int     `json:"asked"`
	Named    float64 `json:"named"`   // the right place is named; of withdrawn sections, their own
	Recited  float64 `json:"recited"` // the text at the right place begins as the section does, by result.StartLen characters; of withdrawn sections, as it did
	Stale    float64 `json:"stale"`   // the text there begins as the section did before, and not as it does
	Begun    float64 `json:"begun"`   // behind its own first words, the text that is withdrawn or changed goes on as it did, for as many characters
}

const (
	mostMeasured = 200 // sections of a group
	begunWords   = 12  // of a text that is asked to go on
	startTokens  = 48  // that hold result.StartLen characters in any text
)

// sameSection is the group of sections that do not differ.
const sameSection = "same"

// subject is a section that is asked about.
type subject struct {
	place, question string
	now, before     string // its text; "" = it is not there
}

// Measure asks the small model of an updated run, by itself, about its corpus. weights is the folder of a training checkpoint with the run's
// tokenizer; empty: the run's last.
func Measure(ctx context.Context, folder, weights string, be kernel.Backend) (out *Measured, err error) {
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(folder, rundir.RecipeFile)})
	if err != nil {
		return nil, err
	}
	before, ok := r.Update.Before()
	if !ok {
		return nil, fmt.Errorf("%w: %s brings no run up to date", rundir.ErrUsage, filepath.Base(folder))
	}
	var doms [2]*domain.Domain
	for i, run := range []string{folder, before} {
		dir := filepath.Join(run, stages.Data)
		if err := checkpoint.Verify(dir); err != nil {
			return nil, fmt.Errorf("refresh: %w", err)
		}
		if doms[i], err = domain.Open(dir); err != nil {
			return nil, fmt.Errorf("refresh: %w", err)
		}
		defer func() { err = errors.Join(err, doms[i].Close()) }()
	}
	dom := doms[0]
	if !dom.Forms.TwoSteps() {
		return nil, fmt.Errorf("%w: the places of the run have no names (data.forms.place)", rundir.ErrUsage)
	}
	if weights == "" {
		weights = last(folder)
	}
	if err := checkpoint.Verify(weights); err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	params, err := domain.LoadModel(weights)
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	if params.Config.Vocab != dom.Tokenizer.Vocab() {
		return nil, fmt.Errorf("%w: %s has another tokenizer", rundir.ErrUsage, weights)
	}
	list, err := subjects(dom, doms[1])
	if err != nil {
		return nil, err
	}
	out = &Measured{Run: filepath.Base(folder), Before: filepath.Base(before)}
	asks := &asker{dom: dom, dec: decode.New(params, be)}
	read, err := dom.ReadAs(filepath.Join(filepath.Dir(weights), stages.DP), params.Config.Context)
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	asks.speaker = knowledge.New(asks.dec, dom, knowledge.NewPlaces(dom, read), false)
	for _, what := range []string{sameSection, domain.NewSection, domain.ChangedSection, domain.WithdrawnSection} {
		g, err := asks.group(ctx, what, list[what])
		if err != nil {
			return nil, err
		}
		out.Groups = append(out.Groups, g)
	}
	return out, nil
}

// last is the folder of the checkpoint of a run's last stage that trains.
func last(folder string) string {
	for _, stage := range []string{stages.RFT, stages.KIT} {
		if rundir.IsCheckpoint(filepath.Join(folder, stage)) {
			return filepath.Join(folder, stage)
		}
	}
	return filepath.Join(folder, stages.DP)
}

// subjects are the sections of both corpora, by what has become of them.
func subjects(now, before *domain.Domain) (map[string][]subject, error) {
	compared, err := domain.Compare(before.Sections, func(yield func(corpus.Section, error) bool) {
		for _, s := range now.Sections.All() {
			if !yield(s, nil) {
				return
			}
		}
	}, now.Forms)
	if err != nil {
		return nil, err
	}
	were, what := map[string]string{}, map[int64]string{}
	for _, s := range before.Sections.All() {
		were[s.ID] = s.Text
	}
	out := map[string][]subject{}
	for _, row := range compared.Rows {
		if row.What == domain.WithdrawnSection {
			s := before.Sections.At(int(row.Index))
			out[row.What] = append(out[row.What], subject{place: now.Forms.PlaceOf(s), question: now.Forms.ExamOf(s), before: s.Text})
		} else {
			what[row.Index] = row.What
		}
	}
	for i, s := range now.Sections.All() {
		kind := what[int64(i)]
		if kind == "" {
			kind = sameSection
		}
		out[kind] = append(out[kind], subject{now.Forms.PlaceOf(s), now.Forms.ExamOf(s), s.Text, were[compared.Before[s.ID]]})
	}
	return out, nil
}

// asker asks one model.
type asker struct {
	dom     *domain.Domain
	dec     *decode.Decoder
	speaker *knowledge.Speaker
}

// group measures sections of a kind, evenly taken from all of them.
func (a *asker) group(ctx context.Context, what string, all []subject) (g Group, err error) {
	list := exam.Evenly(all, mostMeasured)
	g = Group{What: what, Sections: len(all), Asked: len(list)}
	if len(list) == 0 {
		return g, nil
	}
	var questions, places, begun []string
	for _, s := range list {
		questions, places, begun = append(questions, s.question), append(places, s.place), append(begun, form.Join(s.place, head(s.before)))
	}
	named, err := a.speaker.Name(ctx, questions, nil)
	if err != nil {
		return g, err
	}
	texts, err := a.goOn(ctx, places)
	if err != nil {
		return g, err
	}
	var rest []string
	if what != domain.NewSection {
		if rest, err = a.goOn(ctx, begun); err != nil {
			return g, err
		}
	}
	share := func(holds func(i int, s subject) bool) float64 {
		n := 0
		for i, s := range list {
			if holds(i, s) {
				n++
			}
		}
		return float64(n) / float64(len(list))
	}
	starts := func(text, truth string) bool { return knowledge.StartsAs(text, truth, result.StartLen) }
	g.Named = share(func(i int, s subject) bool { return named[i].Place == s.place })
	g.Recited = share(func(i int, s subject) bool {
		return starts(texts[i], s.now) || what == domain.WithdrawnSection && starts(texts[i], s.before)
	})
	g.Stale = share(func(i int, s subject) bool {
		return s.now != "" && s.now != s.before && starts(texts[i], s.before) && !starts(texts[i], s.now)
	})
	if rest != nil {
		g.Begun = share(func(i int, s subject) bool { return starts(rest[i], knowledge.Fold(s.before)[len(head(s.before)):]) })
	}
	return g, nil
}

// goOn is what the model writes behind some beginnings; nothing behind one that leaves no room in its context.
func (a *asker) goOn(ctx context.Context, beginnings []string) ([]string, error) {
	var reqs []decode.Request
	var at []int
	for i, b := range beginnings {
		if prompt := a.dom.Tokenizer.Encode(b); len(prompt) < a.dec.Config().Context {
			reqs, at = append(reqs, decode.Request{Prompt: prompt, MaxNew: startTokens, Stop: []int32{a.dom.EOS}}), append(at, i)
		}
	}
	results, err := a.dec.Generate(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(beginnings))
	for i, r := range results {
		out[at[i]] = a.dom.Tokenizer.Decode(r.Tokens)
	}
	return out, nil
}

// head are the first words of a text.
func head(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(begunWords, len(words))], " ")
}
