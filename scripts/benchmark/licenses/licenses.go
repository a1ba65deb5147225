// Package licenses gives the test fragments of a classification of licences to google/licenseclassifier, which the texts are from. It is made for whole
// files: by default it names a licence of which four fifths stand in a text. Lower limits show what it makes of fragments.
package licenses

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	classifier "github.com/google/licenseclassifier/v2"
	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/stages"
	"slm/stages/task"
	"slm/stat"
)

// result is what is measured at a limit.
type result struct {
	Threshold float64       `json:"threshold"`
	Rows      int           `json:"rows"`
	Named     int           `json:"named"` // rows for which it names a label
	Right     stat.Interval `json:"right"` // of all rows, where none is right for the rows of none
	MacroF1   stat.Interval `json:"macro_f1"`
	Labelled  float64       `json:"labelled"` // share of the rows with a label that get it
	Seconds   float64       `json:"seconds"`
}

// Command is the subcommand.
func Command() *cobra.Command {
	var thresholds []float64
	cmd := &cobra.Command{
		Use: "licenses RUN…", Short: "google/licenseclassifier on the test fragments of runs of recipes/tasks/licenses.yaml", Args: cobra.MinimumNArgs(1),
		Long: "Gives google/licenseclassifier the texts of the labels that the run has learnt, asks it for the licence of each test fragment, and prints a line of JSON for each threshold: macro-F1\n" +
			"with its interval and the share of right answers. Of several runs, which differ in the seed, it prints means with Student's intervals over the runs. It is made for whole files, of which a fragment is less than any threshold of use: read its figures with that in mind.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.OutOrStdout(), args, thresholds)
		},
	}
	cmd.Flags().Float64SliceVar(&thresholds, "threshold", []float64{0.8, 0.5, 0.3}, "share of a licence that a text must have; 0.8 is the classifier's own")
	return cmd
}

// run measures some runs at some limits.
func run(out io.Writer, folders []string, thresholds []float64) error {
	var all []fragments
	for _, folder := range folders {
		f, err := open(folder)
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	enc := json.NewEncoder(out)
	for _, t := range thresholds {
		var each []result
		for _, f := range all {
			r, err := measure(f.labels, f.rows, t)
			if err != nil {
				return err
			}
			each = append(each, r)
		}
		var line any = each[0]
		if len(each) > 1 {
			m, err := meansOf(each)
			if err != nil {
				return err
			}
			line = m
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// fragments are the test fragments of a run, and the labels that it has learnt.
type fragments struct {
	labels []string
	rows   []task.Answer
}

func open(folder string) (f fragments, err error) {
	dir := filepath.Join(folder, stages.Task)
	sum, err := task.ReadAs[*task.Labels](dir)
	if err != nil {
		return f, err
	}
	rows, _, err := checkpoint.ReadTable[task.Answer](filepath.Join(dir, task.AnswersFile))
	if err != nil {
		return f, err
	}
	return fragments{sum.Labels, slices.DeleteFunc(rows, func(a task.Answer) bool { return a.Split != exam.Test })}, nil
}

// means is what is measured at a limit over runs.
type means struct {
	Threshold float64       `json:"threshold"`
	Runs      int           `json:"runs"`
	Right     stat.Interval `json:"right"`
	MacroF1   stat.Interval `json:"macro_f1"`
	Labelled  stat.Interval `json:"labelled"`
}

func meansOf(each []result) (m means, err error) {
	m.Threshold, m.Runs = each[0].Threshold, len(each)
	for to, of := range map[*stat.Interval]func(r result) float64{
		&m.Right:    func(r result) float64 { return r.Right.Value },
		&m.MacroF1:  func(r result) float64 { return r.MacroF1.Value },
		&m.Labelled: func(r result) float64 { return r.Labelled },
	} {
		var values []float64
		for _, r := range each {
			values = append(values, of(r))
		}
		c, err := stat.Student(values, .95)
		if err != nil {
			return m, fmt.Errorf("licenses: %w", err)
		}
		*to = c.Interval
	}
	return m, nil
}

// measure classifies rows by the texts of the labels.
func measure(labels []string, rows []task.Answer, threshold float64) (result, error) {
	texts, err := read.Licenses(labels)
	if err != nil {
		return result{}, err
	}
	c := classifier.NewClassifier(threshold)
	for doc, err := range texts {
		if err != nil {
			return result{}, err
		}
		var text strings.Builder
		for _, b := range doc.Blocks {
			text.WriteString(b.Text + "\n")
		}
		c.AddContent("License", doc.Title, "license.txt", []byte(text.String()))
	}
	r := result{Threshold: threshold, Rows: len(rows)}
	began := time.Now()
	var gold, said []int
	right, labelled, found := 0, 0, 0
	for _, row := range rows {
		label := name(c, row.Text)
		if label != "" {
			r.Named++
		}
		if label == row.Label {
			right++
		}
		if row.Label != "" {
			if labelled++; label == row.Label {
				found++
			}
		}
		gold, said = append(gold, class(labels, row.Label)), append(said, class(labels, label))
	}
	r.Seconds = time.Since(began).Seconds()
	r.Right, r.Labelled = stat.Wilson(right, len(rows)), float64(found)/float64(labelled)
	r.MacroF1, err = stat.Resample(len(rows), stat.Options{Resamples: 2000}, func(times []float64) float64 {
		_, f1 := stat.ByClass(gold, said, len(labels)+1, times)
		return f1
	})
	if err != nil {
		return r, fmt.Errorf("licenses: %w", err)
	}
	return r, nil
}

// name is the licence of which the classifier is surest; "" = it names none.
func name(c *classifier.Classifier, text string) string {
	matches := c.Match([]byte(text)).Matches
	best, most := "", 0.0
	for _, m := range matches {
		if m.Confidence > most {
			best, most = m.Name, m.Confidence
		}
	}
	return best
}

// class is the number of a label; none of them comes last.
func class(labels []string, label string) int {
	if i := slices.Index(labels, label); i >= 0 {
		return i
	}
	return len(labels)
}
