// Package marks is a person's judgement of answers: questions as a text file, one a line; a file of their answers, in which each is marked as
// right or wrong; and the exam that the marks make.
package marks

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/rows"
)

// Questions reads a text of questions, one a line, each once. Blank lines and comments, which begin with #, are passed over.
func Questions(path string) ([]string, error) {
	var out []string
	format := rows.Format{Most: 1 << 14, Kind: exam.ErrFormat, Noun: "question"}
	refused := rows.Of(path)
	err := format.Lines(path, func(_ int, line string) error {
		question := strings.TrimSpace(line)
		switch {
		case rows.Blank(question) || strings.HasPrefix(question, "#"):
			return nil
		case strings.HasPrefix(question, "{"):
			return errors.New("a record, not a question in words: slm eval --items reads files of records")
		}
		if !slices.Contains(out, question) {
			out = append(out, question)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		refused.Add(1, errors.New("the file holds no question"))
		err = refused.Err(exam.ErrFormat)
	}
	return out, failed(err)
}

// failed is an error as the reader of an exam has it.
func failed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exam.ErrFormat):
		return fmt.Errorf("exam: %w", err)
	}
	return fmt.Errorf("exam: %w: %w", read.ErrUnreadable, err)
}
