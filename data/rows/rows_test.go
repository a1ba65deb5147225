package rows

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var errBad = errors.New("bad row")

func read(text string, most int) (lines []int, err error) {
	err = Read(strings.NewReader(text), "qa.jsonl", most, errBad, func(line int, text []byte) error {
		lines = append(lines, line)
		if strings.Contains(string(text), "x") {
			return errors.New(`field "answer" is empty`)
		}
		return nil
	})
	return lines, err
}

func TestAllRefusedLinesAreToldAtOnceEachWithItsPlace(t *testing.T) {
	if lines, err := read("a\n\n  \nb", 100); err != nil || fmt.Sprint(lines) != "[1 4]" {
		t.Errorf("%v, %v", lines, err)
	}
	for text, want := range map[string]string{
		"a\nx\n":      `bad row: qa.jsonl:2: field "answer" is empty`,
		"x\na\n\nx\n": "bad row, on 2 lines:\n  qa.jsonl:1: field \"answer\" is empty\n  qa.jsonl:4: field \"answer\" is empty",
	} {
		if _, err := read(text, 100); !errors.Is(err, errBad) || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := read(strings.Repeat("x\n", 812), 100)
	if text := fmt.Sprint(err); strings.Count(text, "\n") != told+1 || !strings.Contains(text, "on 812 lines") || !strings.HasSuffix(text, "and 792 more") {
		t.Error(text)
	}
}

func TestALineThatIsTooLongEndsTheReadingWithItsPlace(t *testing.T) {
	lines, err := read("x\n"+strings.Repeat("a", 200)+"\nb\n", 100)
	if !errors.Is(err, bufio.ErrTooLong) || !errors.Is(err, errBad) || !strings.Contains(err.Error(), "qa.jsonl:1:") || !strings.Contains(err.Error(), "qa.jsonl:2:") || len(lines) != 1 {
		t.Errorf("%v, %v", lines, err)
	}
}
