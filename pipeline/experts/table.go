package experts

import (
	"context"
	"slices"

	"slm/data/exam"
)

// Table is how well questions are routed, and what it costs in answers.
type Table struct {
	Experts []Row `json:"experts"`
	Foreign int   `json:"foreign"` // questions about anything else, in the languages of the experts
	Refused int   `json:"refused"` // of them, that went to no expert
}

// Row is one expert, asked the test questions of its own exams.
type Row struct {
	Expert    string `json:"expert"`
	Questions int    `json:"questions"`
	Routed    int    `json:"routed"` // to it,
	None      int    `json:"none"`   // and to nobody; the others went to another expert
	Placed    int    `json:"placed"` // questions whose right places are known
	Right     int    `json:"right"`  // of them, that were answered from a right place
	Oracle    int    `json:"oracle"` // of them, that were when the right expert is asked always
}

// Measure routes the test questions of each expert, at most so many, and the questions about anything else that no curve was fitted on. place is where
// an expert finds the answer to a question; "" = nowhere.
func (r *Router) Measure(ctx context.Context, most int, place func(expert int, question string) (string, error)) (*Table, error) {
	t := &Table{}
	var foreign []string
	for k, s := range r.Scouts {
		items := exam.Evenly(slices.Concat(exam.Only(s.dom.Items, exam.Test), exam.Only(s.dom.Asked, exam.Test)), most)
		row := Row{Expert: s.Name, Questions: len(items)}
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = item.Question
		}
		routed, err := r.Route(ctx, texts)
		if err != nil {
			return nil, err
		}
		for i, item := range items {
			switch routed[i].Expert {
			case k:
				row.Routed++
			case None:
				row.None++
			}
			right := item.Right()
			if len(right) == 0 {
				continue
			}
			row.Placed++
			at, err := place(k, item.Question)
			if err != nil {
				return nil, err
			}
			if slices.Contains(right, at) {
				row.Oracle++
				if routed[i].Expert == k {
					row.Right++
				}
			}
		}
		t.Experts = append(t.Experts, row)
		for _, q := range s.held {
			if !slices.Contains(foreign, q) {
				foreign = append(foreign, q)
			}
		}
	}
	routed, err := r.Route(ctx, foreign)
	if err != nil {
		return nil, err
	}
	t.Foreign = len(foreign)
	for _, to := range routed {
		if to.Expert == None {
			t.Refused++
		}
	}
	return t, nil
}
