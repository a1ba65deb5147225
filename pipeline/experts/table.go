package experts

import (
	"context"
	"slices"
	"strings"

	"slm/data/exam"
)

// Table is how well questions are routed, and what it costs in answers.
type Table struct {
	Experts []Row `json:"experts"`
	Pairs   Row   `json:"pairs"`   // questions that the program makes of two, of two experts each: Routed to both, Right in both halves
	Foreign int   `json:"foreign"` // questions about anything else, in the languages of the experts
	Refused int   `json:"refused"` // of them, that went to no expert
}

// Row is one expert, asked the test questions of its own exams.
type Row struct {
	Expert    string `json:"expert,omitempty"`
	Questions int    `json:"questions"`
	Routed    int    `json:"routed"` // to it alone,
	None      int    `json:"none"`   // to nobody,
	Two       int    `json:"two"`    // to two experts; the others went to another one
	Placed    int    `json:"placed"` // questions whose right places are known
	Right     int    `json:"right"`  // of them, that were answered from a right place
	Oracle    int    `json:"oracle"` // of them, that were when the right expert is asked always
}

// paired is how many questions are made of those of two experts, for each order of the two.
const paired = 10

// Place is where an expert finds the answer to a question; "" = nowhere.
type Place func(expert int, question string) (string, error)

// Measure routes the test questions of each expert, at most so many, questions made of two of them, and the questions about anything else that no
// curve was fitted on.
func (r *Router) Measure(ctx context.Context, most int, place Place) (*Table, error) {
	t := &Table{}
	place = once(place)
	var own [][]exam.Item
	var foreign []string
	for k, s := range r.Scouts {
		own = append(own, exam.Evenly(slices.Concat(exam.Only(s.dom.Items, exam.Test), exam.Only(s.dom.Asked, exam.Test)), most))
		row, err := r.measureOwn(ctx, k, own[k], place)
		if err != nil {
			return nil, err
		}
		t.Experts = append(t.Experts, row)
		for _, q := range s.held {
			if !slices.Contains(foreign, q) {
				foreign = append(foreign, q)
			}
		}
	}
	for a := range own {
		for b := range own {
			if a == b {
				continue
			}
			if err := r.measurePairs(ctx, &t.Pairs, a, b, exam.Evenly(own[a], paired), exam.Evenly(own[b], paired), place); err != nil {
				return nil, err
			}
		}
	}
	routed, err := r.Route(ctx, foreign)
	if err != nil {
		return nil, err
	}
	t.Foreign = len(foreign)
	for _, to := range routed {
		if len(to.Parts) == 0 {
			t.Refused++
		}
	}
	return t, nil
}

// measureOwn routes an expert's own questions.
func (r *Router) measureOwn(ctx context.Context, k int, items []exam.Item, place Place) (Row, error) {
	row := Row{Expert: r.Scouts[k].Name, Questions: len(items)}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.Question
	}
	routed, err := r.Route(ctx, texts)
	if err != nil {
		return row, err
	}
	for i, item := range items {
		switch to := routed[i]; {
		case len(to.Parts) == 0:
			row.None++
		case len(to.Parts) > 1:
			row.Two++
		case to.Expert == k:
			row.Routed++
		}
		if len(item.Right()) == 0 {
			continue
		}
		row.Placed++
		oracle, err := finds(place, []Part{{k, item.Question}}, k, item)
		if err != nil {
			return row, err
		}
		right, err := finds(place, routed[i].Parts, k, item)
		if err != nil {
			return row, err
		}
		row.Oracle, row.Right = row.Oracle+count(oracle), row.Right+count(right)
	}
	return row, nil
}

// measurePairs routes questions made of one of expert a's and one of b's, in two forms in turn: two sentences, and one that joins them.
func (r *Router) measurePairs(ctx context.Context, row *Row, a, b int, of, with []exam.Item, place Place) error {
	n := min(len(of), len(with))
	texts := make([]string, n)
	for i := range texts {
		if texts[i] = of[i].Question + " " + with[i].Question; i%2 == 1 {
			texts[i] = strings.TrimRight(of[i].Question, "?？") + ", and " + with[i].Question
		}
	}
	routed, err := r.Route(ctx, texts)
	if err != nil {
		return err
	}
	row.Questions += n
	for i, to := range routed {
		switch {
		case len(to.Parts) == 0:
			row.None++
		case len(to.Parts) == 2 && to.Parts[0].Expert == a && to.Parts[1].Expert == b:
			row.Routed++
		}
		if len(of[i].Right()) == 0 || len(with[i].Right()) == 0 {
			continue
		}
		row.Placed++
		var oracle, right [2]bool
		for h, half := range []struct {
			expert int
			item   exam.Item
		}{{a, of[i]}, {b, with[i]}} {
			if oracle[h], err = finds(place, []Part{{half.expert, half.item.Question}}, half.expert, half.item); err != nil {
				return err
			}
			if right[h], err = finds(place, to.Parts, half.expert, half.item); err != nil {
				return err
			}
		}
		row.Oracle, row.Right = row.Oracle+count(oracle[0] && oracle[1]), row.Right+count(right[0] && right[1])
	}
	return nil
}

// finds reports whether expert k is asked a part, and finds a right place of an item there.
func finds(place Place, parts []Part, k int, item exam.Item) (bool, error) {
	for _, p := range parts {
		if p.Expert != k {
			continue
		}
		at, err := place(k, p.Text)
		if err != nil || slices.Contains(item.Right(), at) {
			return err == nil, err
		}
	}
	return false, nil
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// once asks each question once.
func once(place Place) Place {
	known := map[Part]string{}
	return func(expert int, question string) (string, error) {
		key := Part{expert, question}
		if at, ok := known[key]; ok {
			return at, nil
		}
		at, err := place(expert, question)
		if err == nil {
			known[key] = at
		}
		return at, err
	}
}
