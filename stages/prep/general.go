package prep

import (
	"errors"
	"fmt"
	"regexp"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/stages"
	"slm/stages/domain"
)

// general writes the general text as tokens.
func (w *work) general() error {
	if len(w.cfg.General.Path) == 0 {
		return nil
	}
	items, err := exam.Load(w.p.Path(domain.ExamFile))
	if err != nil {
		return err
	}
	table, err := checkpoint.NewTableWriter[domain.GeneralRow](w.p.Path(domain.GeneralFile), nil)
	if err != nil {
		return err
	}
	texts, tokens, held, err := w.writeGeneral(table, exam.NewGuard(items))
	if err != nil {
		return errors.Join(fmt.Errorf("data.general: %w", err), table.Abort())
	}
	w.m.Counters["general_texts"], w.m.Counters["general_tokens"], w.m.Counters["general_held_out"] = texts, tokens, held
	w.env.Log.Info("general text", "texts", texts, "tokens", tokens, "held_out", held)
	if held > 0 {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
			"%d texts of data.general ask questions that the exam holds out, and are not read", held)})
	}
	return table.Close()
}

// writeGeneral appends the texts that ask nothing that is held out, and counts them, their tokens and the others.
func (w *work) writeGeneral(table *checkpoint.TableWriter[domain.GeneralRow], guard *exam.Guard) (texts, tokens, held int64, err error) {
	end, _ := w.tok.ID(w.end) // the shards, which have been written, need it too
	list, err := corpus.Texts(w.cfg.General.Path, w.cfg.General.Field)
	if err != nil {
		return 0, 0, 0, err
	}
	for t, err := range list {
		if err == nil {
			err = w.ctx.Err()
		}
		if err != nil {
			return 0, 0, 0, err
		}
		if asks(guard, t.Text) {
			held++
			continue
		}
		row := domain.GeneralRow{Title: t.Title, Source: t.Source, Tokens: append(w.tok.Encode(t.Text), end)}
		if err := table.Append(row); err != nil {
			return 0, 0, 0, err
		}
		texts, tokens = texts+1, tokens+int64(len(row.Tokens))
	}
	if texts == 0 {
		return 0, 0, 0, fmt.Errorf("%w: no text is left of %d", read.ErrEmpty, held)
	}
	return texts, tokens, held, nil
}

// lines and sentences are what a question may stand alone in.
var (
	lines     = regexp.MustCompile(`[^\n]+`)
	sentences = regexp.MustCompile(`[^\n。！？]+?(?:[.!?](?:\s|$)|[。！？]|\n|$)`)
)

// asks reports whether a line or a sentence of a text is a question that the exam holds out.
func asks(guard *exam.Guard, text string) bool {
	for _, piece := range []*regexp.Regexp{lines, sentences} {
		for _, at := range piece.FindAllStringIndex(text, -1) {
			if _, held := guard.Holds(text[at[0]:at[1]]); held {
				return true
			}
		}
	}
	return false
}
