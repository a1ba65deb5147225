package kit

import (
	"errors"
	"path/filepath"

	"slm/data/exam"
	"slm/data/form"
	"slm/data/pairs"
	"slm/data/rows"
	"slm/stages"
	"slm/stages/domain"
)

// Check reads the file of pairs, before anything is trained.
func (s *Stage) Check(data string) error {
	if !s.cfg.Pairs.has(fromFile) {
		return nil
	}
	forms, err := form.Load(filepath.Join(data, domain.FormsFile))
	if err != nil {
		return err
	}
	items, err := exam.Load(filepath.Join(data, domain.ExamFile))
	if err != nil {
		return err
	}
	_, err = s.cfg.Pairs.Read(forms, items)
	return err
}

// Read reads the pairs of the file; there are none without one. A pair that asks what the exam holds out, be it with other white space or in
// other case, is an error. Without items nothing is held out.
func (p Pairs) Read(forms form.Set, items []exam.Item) ([]pairs.Pair, error) {
	if !p.has(fromFile) {
		return nil, nil
	}
	list, err := pairs.Read(p.File, pairs.From{Fields: p.Fields, Forms: &forms})
	if err != nil {
		return nil, err
	}
	guard := exam.NewGuard(items)
	refused := rows.Of(p.File)
	for _, pair := range list {
		if _, held := guard.Holds(pair.Question); held {
			refused.Add(pair.Line, errors.New("a question of the exam: "+pair.Question))
		}
	}
	return list, refused.Err(ErrOverlap)
}

var _ stages.Checker = (*Stage)(nil)
