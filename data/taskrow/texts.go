package taskrow

import (
	"fmt"
	"path/filepath"
	"strings"

	"slm/data/corpus"
	"slm/data/question"
	"slm/data/rouge"
	"slm/data/rows"
)

// LeastSentences is how many sentences a text has in front of its summary.
const LeastSentences = 5

// Ends cuts the last sentences of a text off, as its summary: those of an abstract are its conclusion, about. Where that begins is not known of plain
// text. ok = at least LeastSentences stay.
func Ends(text string, last int) (sentences []string, summary string, ok bool) {
	s := question.Sentences(corpus.Section{Text: text})
	n := len(s) - last
	if n < LeastSentences {
		return nil, "", false
	}
	return s[:n], strings.Join(s[n:], " "), true
}

// isText reports whether a file holds texts with an empty line between them, and no records.
func isText(path string) bool { return strings.EqualFold(filepath.Ext(path), ".txt") }

// texts reads a file of texts with an empty line between them. Those with too few sentences are left out.
func (b *builder) texts(path string) error {
	var part []string
	begun, size, kept := 0, 0, 0
	end := func() error {
		if len(part) == 0 {
			return nil
		}
		s, summary, ok := Ends(strings.Join(part, "\n"), b.Last)
		part, size = nil, 0
		if !ok {
			return nil
		}
		kept++
		text := strings.Join(s, " ")
		words := strings.Join(rouge.Words(text), " ")
		return b.keep(words, Row{ID: fmt.Sprintf("%s:%d", b.file, begun), Text: text, Target: summary, Split: b.drawn(words)})
	}
	err := format.Lines(path, func(n int, line string) error {
		if rows.Blank(line) {
			return end()
		}
		if len(part) == 0 {
			begun = n
		}
		if size += len(line); size > format.Most {
			return fmt.Errorf("a text of more than %d MB: put an empty line between texts", format.Most>>20)
		}
		part = append(part, line)
		return nil
	})
	if err == nil {
		err = end()
	}
	if err == nil && kept == 0 {
		err = fmt.Errorf("%s: %w: no text has %d sentences in front of its last %d", path, ErrFormat, LeastSentences, b.Last)
	}
	return err
}
