// Package refresh brings a run up to date: it finds the sections that are new, changed or withdrawn since the run, says what learning them takes
// beside training anew, and writes the recipe of the run that does it. That run is one as any other.
package refresh

import (
	"errors"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/report"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/dp"
)

// Found is what differs from a run.
type Found struct {
	Before    string  `json:"before"` // the run's folder, without its path
	New       int     `json:"new"`    // sections
	Changed   int     `json:"changed"`
	Withdrawn int     `json:"withdrawn"`
	Same      int     `json:"same"`
	Tokens    int64   `json:"tokens"` // of the new and the changed sections
	Passes    float64 `json:"passes"` // over what is read
	Share     float64 `json:"share"`  // of the training of a new model that the update takes
	Anew      float64 `json:"anew_s"` // seconds that this would take, as the run before did; 0 = not known
}

// Pays is the greatest share of the training of a new model that an update may take, else a new model is trained.
const Pays = domain.UpdatePays

// Nothing reports whether the corpus is that of the run.
func (f *Found) Nothing() bool { return f.New+f.Changed+f.Withdrawn == 0 }

// Look reads the corpus of a recipe that brings a run up to date, and compares it with the run's. It writes nothing.
func Look(r *recipe.Loaded) (f *Found, err error) {
	folder, ok := r.Update.Before()
	if !ok {
		return nil, fmt.Errorf("%w: update.from names no run", recipe.ErrUsage)
	}
	before, err := recipe.WithModel(filepath.Join(folder, rundir.RecipeFile))
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	dir := filepath.Join(folder, stages.Data)
	if err := checkpoint.Verify(dir); err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	dom, err := domain.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	defer func() { err = errors.Join(err, dom.Close()) }()
	f = &Found{Before: filepath.Base(folder)}
	size, err := f.compare(r, dom)
	if err != nil {
		return nil, err
	}
	return f, f.weigh(r, before, folder, dom, size)
}

// sizes are bytes of text.
type sizes struct{ before, now, fresh int64 }

// compare counts what differs.
func (f *Found) compare(r *recipe.Loaded, dom *domain.Domain) (size sizes, err error) {
	sections, _, err := corpus.Sections(r.Data.Corpus.Options())
	if err != nil {
		return size, fmt.Errorf("refresh: %w", err)
	}
	var lengths []int64 // bytes, by index
	counted := func(yield func(corpus.Section, error) bool) {
		for s, err := range sections {
			lengths = append(lengths, int64(len(s.Text)))
			if !yield(s, err) {
				return
			}
		}
	}
	found, err := domain.Compare(dom.Sections, counted, r.Data.Forms.Set())
	if err != nil {
		return size, fmt.Errorf("refresh: %w", err)
	}
	f.New, f.Changed, f.Withdrawn = found.Count()
	f.Same = len(lengths) - f.New - f.Changed
	for _, s := range dom.Sections.All() {
		size.before += int64(len(s.Text))
	}
	for _, n := range lengths {
		size.now += n
	}
	for _, row := range found.Rows {
		if row.What != domain.WithdrawnSection {
			size.fresh += lengths[row.Index]
		}
	}
	return size, nil
}

// weigh says what learning the difference takes. A new or changed section is read as often as a section of a new model.
func (f *Found) weigh(r, before *recipe.Loaded, folder string, dom *domain.Domain, size sizes) error {
	look, err := dp.LookOf(before, dom)
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	f.Passes = look.Passes
	if size.before > 0 && size.now > 0 {
		perByte := float64(len(dom.Tokenizer.Encode(dom.Sections.At(0).Text))) / float64(max(1, len(dom.Sections.At(0).Text)))
		f.Tokens = int64(perByte * float64(size.fresh))
		again := domain.Again(r.Update.Replay, f.New+f.Changed, f.Withdrawn, f.Same)
		f.Share = min(1, (float64(size.fresh)+float64(float64(again)*float64(size.now)/float64(f.Same+f.New+f.Changed)))/float64(size.now))
		if epochs := stages.Get[float64](r, "stages.dp.epochs"); epochs > 0 && r.Origins["stages.dp.epochs"].Layer == "-s" {
			f.Share, f.Passes = min(1, f.Share*epochs/f.Passes), epochs
		}
		f.Anew = anew(folder) * float64(size.now) / float64(size.before)
	}
	return nil
}

// anew is how many seconds the training of a run took; of an update, that of the run that it goes back to. 0 = not known.
func anew(folder string) float64 {
	for range 100 {
		r, err := recipe.Load(recipe.Source{Name: filepath.Join(folder, rundir.RecipeFile)})
		if err != nil {
			return 0
		}
		before, ok := r.Update.Before()
		if !ok || r.Update.Anew {
			took, err := report.Took(folder)
			if err != nil {
				return 0
			}
			return took[stages.DP] + took[stages.KIT]
		}
		folder = before
	}
	return 0
}
