// Command askedfit fits the ceiling of package gate: how probable it is that a right section is in what the search gives, for questions that people have
// asked, by how far the first section is ahead. It takes runs, each with the splits whose questions count, and judges each by a curve fitted on the others:
//
//	go run ./scripts/askedfit RUN@train,dev,test RUN@train,dev …
//
// Of a run it needs stage data and, for vectors, stage find. The weights of the search are those that a run has where nobody has asked.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/find"
	"slm/stages/gate"
	"slm/stages/search"
	"slm/stat"
)

// asked are the questions of a run: what is seen of each, and whether a right section is given.
type asked struct {
	name  string
	rows  [][]float64
	right []bool
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "askedfit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var all []asked
	for _, arg := range args {
		folder, splits, _ := strings.Cut(arg, "@")
		a, err := look(ctx, folder, strings.Split(splits, ","))
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		if len(a.rows) == 0 {
			return fmt.Errorf("%s: nobody has asked questions of %s", folder, splits)
		}
		all = append(all, a)
	}
	for i, a := range all {
		curve, err := fit(slices.Delete(slices.Clone(all), i, i+1))
		if err != nil {
			return err
		}
		told, err := a.told(curve)
		if err != nil {
			return err
		}
		fmt.Println(told)
	}
	curve, err := fit(all)
	fmt.Printf("on all: %+v\n", curve)
	return err
}

// look searches for the questions of a run.
func look(ctx context.Context, folder string, splits []string) (a asked, err error) {
	a.name = filepath.Base(folder)
	dir := func(stage string) string { return filepath.Join(folder, stage) }
	dom, err := domain.Open(dir(stages.Data))
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, dom.Close()) }()
	with, err := search.Open(search.Source{Dir: dir, Domain: dom})
	if err != nil {
		return a, err
	}
	by, err := find.Unasked(dom, with)
	if err != nil {
		return a, err
	}
	bridge, _, err := gate.FitBridge("", nil, nil)
	if err != nil {
		return a, err
	}
	for _, split := range splits {
		for _, q := range search.Asked(dom, dom.Asked, split) {
			row, right, err := see(ctx, q, by, bridge)
			if err != nil {
				return a, err
			}
			a.rows, a.right = append(a.rows, row), append(a.right, right)
		}
	}
	return a, nil
}

// see is what the gate sees of a question, and whether a right section is among those that the bridge gives.
func see(ctx context.Context, q retrieve.Asked, by retrieve.Retriever, bridge gate.Bridge) (row []float64, right bool, err error) {
	found, err := by.Search(ctx, q.Question, gate.Depth)
	if err != nil {
		return nil, false, err
	}
	var list [][]float64
	for i, h := range found {
		features := make([]float64, len(gate.Features))
		features[gate.Score], features[gate.Rank] = h.Score, 1/float64(i+1)
		list = append(list, features)
	}
	order, p := bridge.Weigh(gate.Standardise(list))
	for _, at := range order[:bridge.Passages(p)] {
		right = right || slices.Contains(q.Sections, found[at].Section)
	}
	return []float64{retrieve.Lead(found)}, right, nil
}

// fit fits a curve to which each run contributes about as many questions: those of a smaller one count several times.
func fit(runs []asked) (stat.Logistic, error) {
	most := 0
	for _, a := range runs {
		most = max(most, len(a.rows))
	}
	var x [][]float64
	var right []bool
	for _, a := range runs {
		for range (most + len(a.rows)/2) / len(a.rows) {
			x, right = append(x, a.rows...), append(right, a.right...)
		}
	}
	return stat.FitLogistic(x, right)
}

// told says how true a curve is about the questions of a run.
func (a asked) told(by stat.Logistic) (string, error) {
	p := make([]float64, len(a.rows))
	sure, wrong, right, sum := 0, 0, 0, 0.0
	for i, x := range a.rows {
		p[i] = by.At(x)
		sum += p[i]
		if p[i] >= 0.9 {
			if sure++; !a.right[i] {
				wrong++
			}
		}
		if a.right[i] {
			right++
		}
	}
	r, err := stat.Reliable(p, a.right, 10)
	return fmt.Sprintf("%s: %d of %d right; by the others told %.2f on average, calibration error %.2f; sure %d, of them wrong %d (%.1f %% of all)",
		a.name, right, len(p), sum/float64(len(p)), r.ECE, sure, wrong, 100*float64(wrong)/float64(len(p))), err
}
