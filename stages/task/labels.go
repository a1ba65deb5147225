package task

import (
	"fmt"
	"math"
	"slices"

	"slm/data/exam"
	"slm/result"
	"slm/rng"
	"slm/stat"
)

// LabelsFile holds what a classification comes to, and what it takes to classify other texts.
const LabelsFile = "labels.json"

// Labels is the figures of a classification on its test rows.
type Labels struct {
	Labels  []string      `json:"labels"`
	Ask     string        `json:"ask"`
	Curve   stat.Logistic `json:"curve"`   // of what is seen of a label (guess), how probable it is that it is the right one
	Least   float64       `json:"least"`   // below this probability the small model says none of the labels
	Dev     int           `json:"dev"`     // rows, those of none included
	Test    int           `json:"test"`    //
	None    int           `json:"none"`    // of Test, rows that belong to none of the labels
	Systems []System      `json:"systems"` // the small model first
	// Over is the small model's macro-F1 less that of the nearest known text, on the same rows.
	Over result.Range `json:"over_nearest"`
	// Together is the small model and the search together: what classifies other texts.
	Together Together `json:"together"`
}

// System is one way to classify. None of the labels is a class beside them, where there are rows of it.
type System struct {
	System   string       `json:"system"`
	MacroF1  result.Range `json:"macro_f1"` // mean over the classes
	Balanced result.Range `json:"balanced_accuracy"`
	Accuracy result.Range `json:"accuracy"`
	// Forced is the share of the rows with a label that would be right if none were not to be said.
	Forced  float64           `json:"forced"`
	Refused *float64          `json:"refused"` // share of the rows of none that are told so; nil = there are no such rows
	Wrongly float64           `json:"wrongly"` // share of the rows with a label that are told none
	Sure    *stat.Reliability `json:"sure"`    // how true its probabilities are; nil = it has none
}

// The ways to classify. Model is the small model, of any kind of task.
const (
	Model    = "small model"
	Nearest  = "nearest text (BM25)"
	Both     = "the surer of the two"
	Majority = "commonest label"
)

// resamples are behind each interval.
const resamples = 2000

// labelsOf computes the figures. Rows are drawn one by one, so intervals say nothing of other labels.
func labelsOf(labels []string, answers []Answer, seed uint64) (*Labels, error) {
	s := &Labels{Labels: labels}
	none := len(labels)
	class := func(label string) int {
		if label == "" {
			return none
		}
		return slices.Index(labels, label)
	}
	var dev, test []Answer
	for _, a := range answers {
		switch a.Split {
		case exam.Dev:
			dev = append(dev, a)
		case exam.Test:
			test = append(test, a)
		}
	}
	gold := make([]int, len(test))
	for i, a := range test {
		if gold[i] = class(a.Label); gold[i] == none {
			s.None++
		}
	}
	s.Dev, s.Test = len(dev), len(test)
	common := majority(dev)
	ways := []struct {
		name string
		said func(Answer) (string, float64)
	}{
		{Model, func(a Answer) (string, float64) { return a.Model, a.Sure }},
		{Nearest, func(a Answer) (string, float64) { return a.Nearest, a.NearestSure }},
		{Both, func(a Answer) (string, float64) { return a.Both, a.BothSure }},
		{Majority, func(Answer) (string, float64) { return common, 1 }},
	}
	said := make([][]int, len(ways))
	for w, way := range ways {
		least := 0.0
		if way.name != Majority {
			least = threshold(dev, way.said)
		}
		switch way.name {
		case Model:
			s.Least = least
		case Both:
			s.Together.Least = least
		}
		sys := System{System: way.name}
		said[w] = make([]int, len(test))
		var p []float64
		right := 0
		var forced, labelled, refused, wrongly float64
		var came []bool
		for i, a := range test {
			label, sure := way.said(a)
			if said[w][i] = class(label); sure < least {
				said[w][i] = none
			}
			p, came = append(p, sure), append(came, a.Label != "" && label == a.Label)
			if said[w][i] == gold[i] {
				right++
			}
			switch told := said[w][i] == none; {
			case gold[i] == none && told:
				refused++
			case gold[i] == none:
			default:
				if labelled++; label == a.Label {
					forced++
				}
				if told {
					wrongly++
				}
			}
		}
		sys.Forced, sys.Wrongly = forced/labelled, wrongly/labelled
		if s.None > 0 {
			share := refused / float64(s.None)
			sys.Refused = &share
		}
		if way.name != Majority {
			r, err := stat.Reliable(p, came, 10)
			if err != nil {
				return nil, fmt.Errorf("task: %w", err)
			}
			sys.Sure = &r
		}
		if err := sys.measure(gold, said[w], right, none+1, seed); err != nil {
			return nil, err
		}
		s.Systems = append(s.Systems, sys)
	}
	for to, way := range map[*result.Range][]int{&s.Over: said[0], &s.Together.Over: said[2]} {
		over, err := stat.Resample(len(test), drawn(seed), func(times []float64) float64 {
			_, a := stat.ByClass(gold, way, none+1, times)
			_, b := stat.ByClass(gold, said[1], none+1, times)
			return a - b
		})
		if err != nil {
			return nil, fmt.Errorf("task: %w", err)
		}
		*to = result.Range(over)
	}
	return s, nil
}

// measure fills in the figures that have intervals.
func (sys *System) measure(gold, said []int, right, classes int, seed uint64) error {
	for to, of := range map[*result.Range]func([]float64) float64{
		&sys.MacroF1:  func(times []float64) float64 { _, f1 := stat.ByClass(gold, said, classes, times); return f1 },
		&sys.Balanced: func(times []float64) float64 { b, _ := stat.ByClass(gold, said, classes, times); return b },
	} {
		x, err := stat.Resample(len(gold), drawn(seed), of)
		if err != nil {
			return fmt.Errorf("task: %w", err)
		}
		*to = result.Range(x)
	}
	sys.Accuracy = result.Range(stat.Wilson(right, len(gold)))
	return nil
}

func drawn(seed uint64) stat.Options {
	return stat.Options{Resamples: resamples, Stream: rng.New(seed, "task", "bootstrap")}
}

// majority is the commonest label of some rows, the first in the alphabet of several.
func majority(rows []Answer) (label string) {
	count := map[string]int{}
	for _, a := range rows {
		count[a.Label]++
	}
	for l, n := range count {
		if l != "" && (label == "" || n > count[label] || n == count[label] && l < label) {
			label = l
		}
	}
	return label
}

// threshold is the probability below which none of the labels is said: the one with which, on rows for dev, the share of rows with a label that get it
// and the share of rows of none that are told so have the greatest sum. Without rows of none it is 0.
func threshold(dev []Answer, said func(Answer) (string, float64)) float64 {
	var at []float64
	var labelled, none float64
	for _, a := range dev {
		_, sure := said(a)
		at = append(at, sure)
		if a.Label == "" {
			none++
		} else {
			labelled++
		}
	}
	if none == 0 || labelled == 0 {
		return 0
	}
	slices.Sort(at)
	best, most := 0.0, math.Inf(-1)
	for _, t := range slices.Compact(append([]float64{0}, at...)) {
		sum := 0.0
		for _, a := range dev {
			switch label, sure := said(a); {
			case a.Label == "" && sure < t:
				sum += 1 / none
			case a.Label != "" && sure >= t && label == a.Label:
				sum += 1 / labelled
			}
		}
		if sum > most {
			best, most = t, sum
		}
	}
	return best
}
