package audit

import (
	"fmt"
	"path/filepath"

	"slm/data/exam"
	"slm/experiment"
	"slm/pipeline/rundir"
	"slm/report"
	"slm/result"
	"slm/stages"
	"slm/stages/verdict"
	"slm/stat"
)

// Score is how a run did in an exam.
type Score struct {
	Exam      string         `json:"exam"` // "" = the first
	Title     string         `json:"title,omitempty"`
	Questions int            `json:"questions"`
	Measure   result.Measure `json:"measure"`
	Learned   result.Learned `json:"learned"` // "" = recall was not measured
	Best      *Figure        `json:"best"`    // the verdict's best system; nil = none has a figure
	Method    *Figure        `json:"method"`  // the method after its last stage; nil = it was not evaluated
}

// Figure is a system's figure by the measure, with its interval.
type Figure struct {
	System string `json:"system"`
	result.Range
}

// ScoreDiff is how two runs did in an exam.
type ScoreDiff struct {
	Exam   string  `json:"exam"`
	A      *Score  `json:"a"`              // nil = the run has no such exam
	B      *Score  `json:"b"`              //
	Same   bool    `json:"same_questions"` // both were asked the same questions; nothing is paired otherwise
	Best   *Paired `json:"best"`           // of the best systems, which may be two
	Method *Paired `json:"method"`
}

// Paired is by how much the second run is better, question by question; questions of a section are drawn together (stat.Cross).
type Paired struct {
	result.Range
	P         float64 `json:"p"`
	Questions int     `json:"questions"`
}

// scoresOf are the scores of a summary, exam by exam.
func scoresOf(s *result.Summary) []Score {
	report.Judge(s)
	out := []Score{}
	for i, one := range s.Exams() {
		score := Score{Title: one.Title, Questions: one.Scored(), Measure: one.Verdict.Measure, Learned: one.Verdict.Learned}
		if i > 0 {
			score.Exam = exam.Asked
		}
		if score.Measure == result.ByEvidence {
			score.Questions = one.Evidence
		}
		figure := func(sys result.System, ok bool) *Figure {
			f, has := verdict.Figure(sys, score.Measure)
			if !ok || !has {
				return nil
			}
			return &Figure{sys.System, f}
		}
		score.Best = figure(one.Find(one.Verdict.Best))
		score.Method = figure(verdict.Method(one))
		out = append(out, score)
	}
	return out
}

// evaluated is the evaluation of a run: scores and rows; none = it was not evaluated.
type evaluated struct {
	scores []Score
	rows   []result.Row
}

func evaluationOf(run string) (e evaluated, err error) {
	dir := filepath.Join(run, stages.Eval)
	if !rundir.IsCheckpoint(dir) {
		return e, nil
	}
	s, rows, err := result.Read(dir)
	if err != nil {
		return e, err
	}
	return evaluated{scoresOf(s), rows}, nil
}

// of is the score in an exam; nil = there is none.
func (e evaluated) of(exam string) *Score {
	for i := range e.scores {
		if e.scores[i].Exam == exam {
			return &e.scores[i]
		}
	}
	return nil
}

// compareScores compares the evaluations of two runs, exam by exam.
func compareScores(runA, runB string) ([]ScoreDiff, error) {
	a, err := evaluationOf(runA)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", runA, err)
	}
	b, err := evaluationOf(runB)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", runB, err)
	}
	out := []ScoreDiff{}
	for _, name := range []string{"", exam.Asked} {
		d := ScoreDiff{Exam: name, A: a.of(name), B: b.of(name)}
		if d.A == nil && d.B == nil {
			continue
		}
		if d.A != nil && d.B != nil && d.A.Measure == d.B.Measure {
			d.Best, d.Same = paired(a.rows, b.rows, d, d.A.Best, d.B.Best)
			var same bool
			d.Method, same = paired(a.rows, b.rows, d, d.A.Method, d.B.Method)
			d.Same = d.Same || same
		}
		out = append(out, d)
	}
	return out, nil
}

// paired is the difference of two systems' figures, and whether they were asked the same questions. It is nil if they were not, or if there are too few
// sections to draw from.
func paired(rowsA, rowsB []result.Row, d ScoreDiff, a, b *Figure) (*Paired, bool) {
	if a == nil || b == nil {
		return nil, false
	}
	ofA, ofB := answers(rowsA, d.Exam, a.System, d.A.Measure), answers(rowsB, d.Exam, b.System, d.A.Measure)
	if len(ofA) == 0 || len(ofA) != len(ofB) {
		return nil, false
	}
	other := make(map[string]answer, len(ofB))
	for _, x := range ofB {
		other[x.question] = x
	}
	var number []int
	var difference []float64
	clusters := map[string]int{}
	for _, x := range ofA {
		y, ok := other[x.question]
		if !ok {
			return nil, false
		}
		if _, seen := clusters[x.cluster]; !seen {
			clusters[x.cluster] = len(clusters)
		}
		number, difference = append(number, clusters[x.cluster]), append(difference, y.right-x.right)
	}
	c, err := stat.Cross(number, 0.95, [][]float64{difference})
	if err != nil {
		return nil, true
	}
	return &Paired{result.Range{Value: c.Value, Low: max(c.Low, -1), High: min(c.High, 1)}, c.P, c.Items}, true
}

// answer is a question under a system.
type answer struct {
	question string // name and digest
	cluster  string
	right    float64 // 1 or 0, by the measure
}

// answers are those that count in an exam's figure.
func answers(rows []result.Row, exam, system string, by result.Measure) (out []answer) {
	for _, r := range rows {
		if r.Exam != exam || r.System != system {
			continue
		}
		x := experiment.NewRow("", 0, r)
		right, counts := x.Correct, x.Scored
		if by == result.ByEvidence {
			if counts = x.Found != nil; counts {
				right = *x.Found
			}
		}
		if counts {
			out = append(out, answer{x.Item + " " + x.Digest, x.Cluster, stat.Floats([]bool{right})[0]})
		}
	}
	return out
}
