package prep

import (
	"errors"
	"fmt"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/question"
	"slm/stages"
	"slm/stages/domain"
)

// examine makes the exam, or reads it, and deals it into splits.
func (w *work) examine() error {
	err := w.keep(domain.ExamFile, func(path string) error {
		items, made, err := w.items()
		if err != nil {
			return err
		}
		if dev, test := len(exam.Only(items, exam.Dev)), len(exam.Only(items, exam.Test)); test == 0 || dev == 0 && w.cfg.Exam.Split.Dev > 0 {
			return fmt.Errorf("prep: %d questions give %d to dev and %d to test (data.exam.split): %w", len(items), dev, test, exam.ErrTooSmall)
		}
		asked, err := w.asked(items)
		if err != nil {
			return err
		}
		return exam.Write(path, append(items, asked...), made)
	})
	if err != nil {
		return err
	}
	all, err := exam.Load(w.p.Path(domain.ExamFile))
	if err != nil {
		return err
	}
	items := exam.Of(all, "")
	if w.cfg.Exam.From == "file" {
		w.located(items)
	}
	dev, test := len(exam.Only(items, exam.Dev)), len(exam.Only(items, exam.Test))
	w.env.Log.Info("exam", "items", len(items), "train", len(items)-dev-test, "dev", dev, "test", test)
	w.m.Counters["exam_items"], w.m.Counters["exam_dev"], w.m.Counters["exam_test"] = int64(len(items)), int64(dev), int64(test)
	w.m.Facts["exam_digest"], w.m.Facts["split_digest"] = exam.Digest(items), exam.SplitDigest(items)
	if asked := exam.Of(all, exam.Asked); len(asked) > 0 {
		w.countAsked(asked)
	}
	return w.countMade(items)
}

// countMade says how the program's own questions came about.
func (w *work) countMade(items []exam.Item) error {
	made, err := exam.LoadMade(w.p.Path(domain.ExamFile))
	if err != nil || made == nil {
		return err
	}
	for _, l := range made.Left {
		w.env.Log.Info("not asked about", "sections", len(l.Sections), "why", l.Why, "first", l.Sections[0])
		w.m.Counters["exam_left_out"] += int64(len(l.Sections))
	}
	w.m.Counters["exam_remade"] = int64(made.Remade)
	knows, _ := exam.KnowsDocument(items)
	w.env.Log.Info("options", "remade", made.Remade, "chance", 1/float64(w.cfg.Exam.Choices), "knows_only_the_document", knows)
	return nil
}

// items are the first exam, and how it was made where the program made it.
func (w *work) items() ([]exam.Item, *exam.Made, error) {
	c := w.cfg.Exam
	if c.From == "file" {
		items, err := c.Questions()
		if err != nil {
			return nil, nil, err
		}
		if items, _, err = w.locate(items, "questions"); err != nil {
			return nil, nil, err
		}
		return items, nil, exam.Assign(items, c.Split.Dev, c.Split.Test, w.env.Seed, w.before.keeps(""))
	}
	sample, err := exam.Sample(w.sections(), exam.Most, w.env.Seed)
	if err != nil {
		return nil, nil, err
	}
	if most := int(w.m.Counters["sections"]); most > len(sample) {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf("the exam is made from %d of %d sections", len(sample), most)})
	}
	near := w.cfg.Corpus.Dedup.Near
	if near == 0 {
		near = defaultNear
	}
	return exam.Build(sample, w.forms, exam.Options{
		Choices: c.Choices, Dev: c.Split.Dev, Test: c.Split.Test, Chars: c.Chars, Seed: w.env.Seed, Near: near,
		Distractors: c.Distractors, Phrase: question.Named(sample), Before: w.before.trained(),
	})
}

// located counts the questions of a file that name a section, and warns of the others.
func (w *work) located(items []exam.Item) {
	found := 0
	for _, item := range items {
		if item.Section != "" {
			found++
		}
	}
	w.m.Counters["exam_located"] = int64(found)
	w.env.Log.Info("questions", "read", len(items), "name_a_section", found)
	if found < len(items) && w.forms.TwoSteps() {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
			"%d of %d questions name no section of the corpus: without its text they have no oracle, and are split by their id", len(items)-found, len(items))})
	}
}

// locate finds the sections that questions from a file are about. Of an update, it leaves out, with a warning, those about withdrawn sections alone.
func (w *work) locate(items []exam.Item, what string) ([]exam.Item, exam.Found, error) {
	found, err := exam.Locate(items, w.sections(), w.forms)
	if err == nil && w.before != nil {
		n := len(items)
		if items, err = found.Withdraw(items, w.before.compared.Withdrawn(), w.forms); len(items) < n {
			w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf("%d %s are left out: the sections that answer them were withdrawn", n-len(items), what)})
		}
	}
	return items, found, errors.Join(err, found.Slips())
}

// asked reads the second exam, or makes it. Its items are named apart from the first's.
func (w *work) asked(first []exam.Item) ([]exam.Item, error) {
	c := w.cfg.Asked
	if c.From == "rules" {
		sample, err := exam.Sample(w.sections(), exam.Most, w.env.Seed)
		if err != nil {
			return nil, err
		}
		return w.byRules(sample)
	}
	items, err := c.Questions()
	if c.Absent {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: "a file of the asked questions (data.asked.file) is not there: the run has no second exam"})
	}
	if err != nil || items == nil {
		return nil, err
	}
	items, found, err := w.locate(items, "asked questions")
	if err != nil {
		return nil, err
	}
	if n := len(found.Missing); n > 0 {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
			"%d places of the asked questions are in documents that the corpus does not have, and will never be found: %s …", n, found.Missing[0].Place)})
	}
	if err := w.hold(items); err != nil {
		return nil, err
	}
	if len(exam.Only(items, exam.Test)) == 0 {
		return nil, fmt.Errorf("prep: %d asked questions give none to test (data.asked.split): %w", len(items), exam.ErrTooSmall)
	}
	taken := map[string]bool{}
	for _, m := range first {
		taken[m.ID] = true
	}
	apart := false
	for i := range items {
		items[i].Exam, apart = exam.Asked, apart || taken[items[i].ID]
	}
	for i := range items {
		if apart {
			items[i].ID = exam.Asked + ":" + items[i].ID
		}
	}
	return items, nil
}

// byRules makes the second exam by rules. Lists and logs say nothing that rules can ask about: such texts have none, which is told.
func (w *work) byRules(sections []corpus.Section) ([]exam.Item, error) {
	items := ruled(sections, w.forms, w.cfg.Asked.Parts, w.env.Seed)
	if err := w.hold(items); err != nil {
		return nil, err
	}
	if len(exam.Only(items, exam.Test)) > 0 {
		return items, nil
	}
	w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
		"rules make %d questions in words from these texts, too few for an exam: the run has no second one. Your own make one (data.asked.file)", len(items))})
	return nil, nil
}

// hold deals the second exam into splits.
func (w *work) hold(items []exam.Item) error {
	split := w.cfg.Asked.Split
	return exam.Assign(items, split.Dev, split.Test, w.env.Seed, w.before.keeps(exam.Asked))
}

// countAsked says what the second exam has.
func (w *work) countAsked(items []exam.Item) {
	dev, test, known := len(exam.Only(items, exam.Dev)), len(exam.Only(items, exam.Test)), 0
	for _, m := range items {
		if m.Section != "" {
			known++
		}
	}
	w.env.Log.Info("asked", "items", len(items), "train", len(items)-dev-test, "dev", dev, "test", test, "of_known_sections", known)
	w.m.Counters["asked_items"], w.m.Counters["asked_dev"], w.m.Counters["asked_test"], w.m.Counters["asked_located"] =
		int64(len(items)), int64(dev), int64(test), int64(known)
	w.m.Facts["asked_digest"] = exam.Digest(items)
}
