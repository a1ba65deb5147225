package task

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/result"
	"slm/retrieve"
	"slm/stat"
)

// Together is what is needed to ask the small model and the search together, and what that is worth.
type Together struct {
	Nearest stat.Logistic `json:"nearest_curve"` // of what is seen of the nearest text's label, how probable it is that it is the right one
	Curve   stat.Logistic `json:"curve"`         // of what is seen of both (together), how probable the surer one's label is
	Least   float64       `json:"least"`         // below this probability none of the labels is said
	Over    result.Range  `json:"over_nearest"`  // macro-F1 less that of the nearest known text, on the same rows
}

// together is the label of the one that is surer of its own, and what makes that probable: the log odds that each has, and whether they agree.
func (a Answer) together() (label string, seen []float64) {
	seen = []float64{stat.LogOdds(a.Sure, leastOdds), stat.LogOdds(a.NearestSure, leastOdds), 0}
	if a.Model == a.Nearest {
		seen[2] = 1
	}
	if a.Sure >= a.NearestSure {
		return a.Model, seen
	}
	return a.Nearest, seen
}

// leastOdds keeps log odds finite.
const leastOdds = 1e-6

// KnownFile is the table of the texts whose label is known: what the search goes by when other texts are classified. Rows of Known.
const KnownFile = "known.arrow"

// Known is a text with its label.
type Known struct {
	ID    string `arrow:"id"`
	Label string `arrow:"label"`
	Text  string `arrow:"text"`
}

func knownRows(known []corpus.Section) (out []Known) {
	for _, sec := range known {
		out = append(out, Known{sec.ID, sec.Title, sec.Text})
	}
	return out
}

// finder gives texts the label of the nearest known one.
type finder struct {
	labels []string
	known  []corpus.Section // the label is the title
	search *retrieve.Keyword
}

func newFinder(labels []string, known []corpus.Section) (*finder, error) {
	search, err := retrieve.OpenKeyword(texts(known))
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	return &finder{labels, known, search}, nil
}

// openFinder opens the texts of a checkpoint.
func openFinder(dir string, labels []string) (*finder, error) {
	rows, _, err := checkpoint.ReadTable[Known](filepath.Join(dir, KnownFile))
	if err != nil {
		return nil, err
	}
	var known []corpus.Section
	for _, r := range rows {
		known = append(known, corpus.Section{ID: r.ID, Title: r.Label, Text: r.Text})
	}
	return newFinder(labels, known)
}

// lookAt is how many texts a search finds to say how far the best is above that of another label.
const lookAt = 50

// guess is the label of the text that BM25 finds first, with its score and how far it is above the first text of another label.
func (f *finder) guess(ctx context.Context, text string) (guess, error) {
	hits, err := f.search.Search(ctx, text, lookAt)
	if err != nil {
		return guess{}, fmt.Errorf("task: %w", err)
	}
	if len(hits) == 0 {
		return guess{-1, []float64{0, 0}}, nil
	}
	label := f.known[hits[0].Section].Title
	next := 0.0
	if i := slices.IndexFunc(hits, func(h retrieve.Hit) bool { return f.known[h.Section].Title != label }); i >= 0 {
		next = hits[i].Score
	}
	return guess{slices.Index(f.labels, label), []float64{hits[0].Score, hits[0].Score - next}}, nil
}

func (f *finder) close() { _ = f.search.Close() } // in memory
