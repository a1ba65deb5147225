package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/stat"
)

// ErrOther says that black boxes or wordings are not the same.
var ErrOther = errors.New("experiment: what is compared was not asked in the same way")

// Options say what is compared, and what is allowed.
type Options struct {
	Of           string   // one of Measures; "" = accuracy
	Systems      []string // the family; none = that of the experiment, else blade
	Wanted       float64  // difference that must be detectable; 0 = none
	Show         int      // questions on which variants differ, of each comparison
	At           string   // tokens, calls, seconds or usd: curves are compared at equal cost; "" = not
	OtherLLM     bool     // black boxes may differ
	OtherWording bool     // words may
	Seen         bool     // questions may have been seen in training
}

const (
	level = .95
	power = .8
	bins  = 10 // of calibration
)

// Comparison is all that compare says.
type Comparison struct {
	Name        string       `json:"name"`
	Of          string       `json:"of"` // what differences are of
	Questions   int          `json:"questions"`
	Unscored    int          `json:"unscored"` // excluded from accuracies: nothing but their evidence is scored
	NoAnswer    int          `json:"no_answer"`
	Units       []Unit       `json:"units"`
	Failed      []Unit       `json:"failed"`
	Lines       []Line       `json:"systems"`
	Differences []Difference `json:"differences"`
	Equal       []Equal      `json:"equal_cost,omitempty"`
	Seen        []Seen       `json:"seen"`
	Notes       []string     `json:"notes"`
}

// Line is a system of a variant on an exam, means over its seeds. A pointer is nil where the figure is not defined.
type Line struct {
	Variant  string   `json:"variant"`
	Exam     string   `json:"exam"`
	System   string   `json:"system"`
	Seeds    int      `json:"seeds"`
	Accuracy *float64 `json:"accuracy"`
	Low      *float64 `json:"low"` // 95 % interval over seeds and items
	High     *float64 `json:"high"`
	Place    *float64 `json:"place"`    // recall: the named place is right
	Text     *float64 `json:"text"`     // recall: the text begins as the true one
	Evidence *float64 `json:"evidence"` // a passage from a right place was given
	ECE      *float64 `json:"ece"`      // expected calibration error of the picked option's probability
	Brier    *float64 `json:"brier"`
	Harm     *float64 `json:"harm"`   // of what llm has right, the share that this has wrong
	Calls    float64  `json:"calls"`  // a question
	Tokens   float64  `json:"tokens"` // a question
	NoAnswer int      `json:"no_answer"`
}

// Difference is a variant's accuracy, or what else is compared, less the baseline's, under one system on one exam.
type Difference struct {
	Variant    string       `json:"variant"`
	Over       string       `json:"over"`
	Exam       string       `json:"exam"`
	System     string       `json:"system"`
	Paired     bool         `json:"paired_seeds"`
	Cross      stat.Crossed `json:"difference"`
	HolmP      float64      `json:"holm_p"`
	Detectable *float64     `json:"detectable"` // with 80 % power at .05 over the size of the family; nil where nothing varies
	Need       *stat.Need   `json:"need,omitempty"`
	Mixed      *stat.Mixed  `json:"mixed,omitempty"` // the check; nil where seeds do not go together
	Won        int          `json:"won"`             // questions with a higher share of right answers,
	Lost       int          `json:"lost"`            // and a lower one
	Differ     []Differ     `json:"differ,omitempty"`
}

// Differ is a question that two variants answer differently.
type Differ struct {
	Question
	Shares [2]float64 `json:"right"`  // of the seeds: of the variant and of the baseline
	Picked [2]string  `json:"picked"` // by the first seed of each
	Places [2]string  `json:"places"`
}

// Compare compares all variants with the first. Errors: ErrItems, ErrOther and ErrSeen, unless the options allow it.
func Compare(e *Experiment, opt Options) (*Comparison, error) {
	if _, ok := measures[cmp.Or(opt.Of, Accuracy)]; !ok {
		return nil, fmt.Errorf("experiment: %q cannot be compared: want one of %s", opt.Of, strings.Join(Measures, ", "))
	}
	if err := e.same(); err != nil {
		return nil, err
	}
	if err := e.asked(opt); err != nil {
		return nil, err
	}
	seen, unknown, err := e.FindSeen()
	if err != nil {
		return nil, err
	}
	if len(seen) > 0 && !opt.Seen {
		var examples []string
		for _, s := range seen[:min(len(seen), shown)] {
			examples = append(examples, fmt.Sprintf("%s (%s of %s, by %s)", s.Item, s.Stage, s.Run, s.How))
		}
		return nil, fmt.Errorf("%w: %d times: %s (--allow-seen compares them all the same)", ErrSeen, len(seen), strings.Join(examples, "; "))
	}
	out := &Comparison{Name: e.Name, Of: cmp.Or(opt.Of, Accuracy), Questions: len(e.Questions), Units: e.Units, Failed: e.Failures(), Seen: seen, Notes: slices.Clone(e.Notes), Differences: []Difference{}}
	t := tabulate(e)
	for _, q := range e.Questions {
		if !t.counted(Accuracy)[[2]string{q.Exam, q.Item}] {
			out.Unscored++
		}
	}
	if out.Lines, err = t.lines(); err != nil {
		return nil, err
	}
	for _, l := range out.Lines {
		out.NoAnswer += l.NoAnswer
	}
	if err := out.compare(t, opt); err != nil {
		return nil, err
	}
	if out.Equal = equalCost(e, opt.At); opt.At != "" && len(out.Equal) == 0 {
		out.Notes = append(out.Notes, "no curve has measured "+opt.At+": nothing is compared at equal cost")
	}
	out.tell(e, unknown)
	return out, nil
}

// asked demands one black box, and one wording.
func (e *Experiment) asked(opt Options) error {
	var first *Unit
	for i := range e.Units {
		u := &e.Units[i]
		if u.Failed != "" {
			continue
		}
		if first == nil {
			first = u
		}
		if (u.LLM != first.LLM || u.Style != first.Style) && !opt.OtherLLM {
			return fmt.Errorf("%w: %s asks %s (%s), %s asks %s (%s); --allow-other-llm compares them all the same", ErrOther, first.unit(), first.LLM, first.Style, u.unit(), u.LLM, u.Style)
		}
		if u.Wording != first.Wording && !opt.OtherWording {
			return fmt.Errorf("%w: the words of %s (data.forms) are not those of %s; --allow-other-wording compares them all the same", ErrOther, u.unit(), first.unit())
		}
	}
	return nil
}

// compare makes the family of differences.
func (out *Comparison) compare(t *tables, opt Options) error {
	systems := opt.Systems
	if len(systems) == 0 {
		systems = t.e.Family
	}
	if len(systems) == 0 {
		systems = []string{"blade"}
	}
	var ps []float64
	for _, exam := range t.exams {
		if !t.measures(out.Of, exam) {
			out.Notes = append(out.Notes, fmt.Sprintf("no %s of %s is compared: %s", out.Of, examOf(exam), measures[out.Of].lacks))
			continue
		}
		for _, system := range systems {
			first := t.e.Variants[0].Name
			base := t.scores(out.Of, first, exam, system)
			for _, v := range t.variants {
				if v == first {
					continue
				}
				own := t.scores(out.Of, v, exam, system)
				if base == nil || own == nil {
					out.Notes = append(out.Notes, fmt.Sprintf("%s is not compared under %s: both must have it, with %s", v, system, measures[out.Of].needs))
					continue
				}
				d := Difference{Variant: v, Over: first, Exam: exam, System: system}
				if err := d.fill(t, own, base, opt); err != nil {
					return err
				}
				out.Differences, ps = append(out.Differences, d), append(ps, d.Cross.P)
			}
		}
	}
	for i, p := range stat.Holm(ps) {
		d, alpha := &out.Differences[i], (1-level)/float64(len(ps))
		if d.HolmP = p; d.Cross.SE == 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("%s and %s do not differ from question to question under %s: what could be detected is not known", d.Variant, d.Over, d.System))
			continue
		}
		least := stat.Detectable(d.Cross.SE, d.Cross.DF, alpha, power)
		d.Detectable = &least
		if opt.Wanted > 0 {
			need := d.Cross.Needed(opt.Wanted, alpha, power)
			d.Need = &need
		}
	}
	return nil
}

// fill computes a difference of two seeds × items matrices.
func (d *Difference) fill(t *tables, own, base *matrix, opt Options) (err error) {
	if d.Paired = slices.Equal(own.seeds, base.seeds); d.Paired {
		differences := make([][]float64, len(own.right))
		for s := range differences {
			for i := range own.right[s] {
				differences[s] = append(differences[s], own.right[s][i]-base.right[s][i])
			}
		}
		if d.Cross, err = stat.Cross(own.cluster, level, differences); err != nil {
			return err
		}
		mixed, err := stat.Mix(own.cluster, differences)
		if err != nil {
			return err
		}
		d.Mixed = &mixed
	} else if d.Cross, err = stat.Cross(own.cluster, level, own.right, base.right); err != nil {
		return err
	}
	for i, at := range own.items {
		a, b := own.share(i), base.share(i)
		if a == b {
			continue
		}
		if a > b {
			d.Won++
		} else {
			d.Lost++
		}
		x, y := own.rows[0][i], base.rows[0][i]
		d.Differ = append(d.Differ, Differ{t.questions[at], [2]float64{a, b}, [2]string{t.pickedOf(x), t.pickedOf(y)}, [2]string{x.Place, y.Place}})
	}
	slices.SortStableFunc(d.Differ, func(x, y Differ) int {
		gap := func(d Differ) float64 { return max(d.Shares[0]-d.Shares[1], d.Shares[1]-d.Shares[0]) }
		switch {
		case gap(x) > gap(y):
			return -1
		case gap(x) < gap(y):
			return 1
		}
		return 0
	})
	d.Differ = d.Differ[:min(len(d.Differ), opt.Show)]
	return nil
}

// tell says what a reader must know before believing the table.
func (out *Comparison) tell(e *Experiment, unknown []Unit) {
	note := func(format string, args ...any) { out.Notes = append(out.Notes, fmt.Sprintf(format, args...)) }
	for _, d := range out.Differences {
		if !d.Cross.Drawn {
			note("seeds were not drawn: a variant has one seed, so the intervals say how other questions would have gone, and not how another training would have")
			break
		}
	}
	if out.Unscored > 0 {
		note("%d of %d questions are in no accuracy: nothing but their evidence is scored", out.Unscored, out.Questions)
	}
	if out.NoAnswer > 0 {
		note("%d answers are missing and count as wrong", out.NoAnswer)
	}
	for _, u := range out.Failed {
		note("%s failed: %s", u.unit(), u.Failed)
	}
	if len(out.Seen) > 0 {
		note("%d questions or near copies of them were seen in training", len(out.Seen))
	}
	if n := len(unknown); n > 0 {
		var names []string
		for _, u := range unknown[:min(n, shown)] {
			names = append(names, u.unit())
		}
		if n > shown {
			names = append(names, fmt.Sprintf("%d more", n-shown))
		}
		note("it is not known what %s saw in training: the run is not there", strings.Join(names, "; "))
	}
	for _, what := range e.unequal() {
		note("not equal: %s", what)
	}
}
