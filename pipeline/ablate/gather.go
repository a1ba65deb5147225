package ablate

import (
	"errors"
	"fmt"
	"path/filepath"

	"slm/pipeline/recipe"
	"slm/result"
	"slm/stages"
)

// errOther says that a member answered other questions than the first, so that nothing can be paired.
var errOther = errors.New("it answered other questions than the recipe did")

// gather reads the rows of all members that have a result, in the order of the plan. A member whose exam is another loses its result, and says so.
func (p *Plan) gather(results []Result) (rows []Row, err error) {
	var exam string
	for i := range results {
		r := &results[i]
		if r.Eval == "" {
			continue
		}
		m := p.Members[i]
		summary, items, err := result.Read(filepath.Join(m.Run(), stages.Eval))
		if err != nil {
			return nil, err
		}
		digest := examOf(summary)
		if exam == "" {
			exam = digest
		}
		if digest != exam {
			r.Eval, r.Why, r.err = "", errOther.Error(), fmt.Errorf("ablate: %s: %w", m.Name(), errOther)
			continue
		}
		for _, item := range items {
			rows = append(rows, m.row(item))
		}
	}
	return rows, nil
}

// examOf is the digest of the questions of all exams.
func examOf(s *result.Summary) (digest string) {
	for _, exam := range s.Exams() {
		digest += exam.Exam + " "
	}
	return digest
}

// Row is an item under one system of one member: a line of items.arrow.
type Row struct {
	Variant string  `arrow:"variant"`
	Seed    int64   `arrow:"seed"`
	System  string  `arrow:"system"`
	Exam    string  `arrow:"exam"`
	Item    string  `arrow:"item"`
	Cluster string  `arrow:"cluster"`
	Scored  bool    `arrow:"scored"` // an accuracy counts it
	Correct bool    `arrow:"correct"`
	Margin  float64 `arrow:"margin"`
	Calls   int32   `arrow:"calls"`
	Tokens  int32   `arrow:"tokens"`
	USD     float64 `arrow:"usd"`
}

func (m *Member) row(r result.Row) Row {
	return Row{m.Variant, int64(m.Seed), r.System, r.Exam, r.Item, r.Section, !r.Unscored, r.Correct, r.Margin, r.Calls, r.Tokens, price(m.recipe, r)}
}

// price is what an item's calls cost at the recipe's prices; 0 where they are not known.
func price(r *recipe.Loaded, row result.Row) float64 {
	if p := r.LLM.Price; p != nil {
		return float64(row.Tokens) * p.Input / 1e6
	}
	return 0
}
