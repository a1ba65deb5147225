package prep

import (
	"cmp"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/stages"
	"slm/stages/domain"
)

// before is what the run before says of sections and questions.
type before struct {
	compared *domain.Compared
	sections map[string]bool              // ids before
	splits   map[string]map[string]string // by exam: of sections before, and of questions that name none
}

// compare finds what differs from the run before, and writes it down.
func (w *work) compare() error {
	folder, ok := w.update.Before()
	if !ok {
		return nil
	}
	dir := filepath.Join(folder, stages.Data)
	if err := checkpoint.Verify(dir); err != nil {
		return fmt.Errorf("update.from: %w", err)
	}
	dom, err := domain.Open(dir)
	if err != nil {
		return fmt.Errorf("update.from: %w", err)
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	b := &before{sections: map[string]bool{}, splits: map[string]map[string]string{"": exam.Splits(dom.Items), exam.Asked: exam.Splits(dom.Asked)}}
	for _, s := range dom.Sections.All() {
		b.sections[s.ID] = true
	}
	if b.compared, err = domain.Compare(dom.Sections, w.sections(), w.forms); err != nil {
		return err
	}
	w.before = b
	added, changed, withdrawn := b.compared.Count()
	w.m.Counters["update_new"], w.m.Counters["update_changed"], w.m.Counters["update_withdrawn"] = int64(added), int64(changed), int64(withdrawn)
	w.env.Log.Info("since the run before", "new", added, "changed", changed, "withdrawn", withdrawn, "same", int(w.m.Counters["sections"])-added-changed)
	return checkpoint.WriteTable(w.p.Path(domain.ChangesFile), b.compared.Rows, nil)
}

// keeps gives the split that a section, or a question that names none, keeps in an exam, by its id; nil without a run before.
func (b *before) keeps(name string) func(id string) string {
	if b == nil {
		return nil
	}
	return func(id string) string {
		if was, ok := b.compared.Before[id]; ok {
			return b.splits[name][was]
		}
		if b.sections[id] {
			return "" // another section had this id
		}
		return b.splits[name][id]
	}
}

// trained is keeps for an exam that the program makes: a section that the exam before did not ask about was asked about in training.
func (b *before) trained() func(id string) string {
	if b == nil {
		return nil
	}
	keeps := b.keeps("")
	return func(id string) string {
		if _, ok := b.compared.Before[id]; ok {
			return cmp.Or(keeps(id), exam.Train)
		}
		return keeps(id)
	}
}
