package marks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode"

	"slm/checkpoint"
)

// Answer is a question, what a run has answered, and what a person says of it.
type Answer struct {
	Question   string   `yaml:"question"`
	Right      string   `yaml:"right"`      // the mark: y or n; empty = there is none yet
	Instead    string   `yaml:"instead"`    // the right place, where the mark is n: in words, as Place is, or a section's id
	Place      string   `yaml:"place"`      // of the knowledge, in one line; empty = there was none
	Source     string   `yaml:"source"`     // where the corpus has it
	Confidence *float64 `yaml:"confidence"` // that the place is the right one; nil = it cannot be told
	Refused    bool     `yaml:"refused"`    // the run said that nothing in the corpus is about the question
	Text       string   `yaml:"text"`       // the knowledge
	Reply      string   `yaml:"reply"`      // of the LLM

	Line, PlaceLine, InsteadLine int `yaml:"-"` // of the file, from 1
}

// top explains the file to the person who marks it.
const top = `# Is the place of each answer the right one? Write y or n behind "right:". Behind "instead:" of an n, write the right place as the places
# here are written; without it, the question is left out of the exam. Answers may be marked in any order, or not at all.
`

// Append adds an answer to a file, which may not be there yet. The file is replaced as a whole: it is never cut off, and marks that stand in it stay.
func Append(path string, a Answer) error {
	file, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(file) == 0 {
		file, err = []byte(top), nil
	}
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(file, []byte("\n")) {
		file = append(file, '\n')
	}
	return checkpoint.WriteFileAtomic(path, append(file, a.encode()...))
}

// encode is the answer as a YAML document.
func (a Answer) encode() []byte {
	var b bytes.Buffer
	line := func(key, value string) { fmt.Fprintln(&b, strings.TrimRight(key+": "+value, " ")) }
	b.WriteString("---\n")
	line("question", quoted(a.Question))
	line("right", a.Right)
	line("instead", quoted(a.Instead))
	line("place", quoted(a.Place))
	line("source", quoted(a.Source))
	if a.Confidence != nil {
		line("confidence", strconv.FormatFloat(*a.Confidence, 'f', 3, 64))
	}
	if a.Refused {
		line("refused", "true")
	}
	line("text", block(a.Text))
	line("reply", block(a.Reply))
	return b.Bytes()
}

// quoted is a text in double quotes, nothing for an empty one.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text always encodes
	var out strings.Builder
	for _, r := range strings.TrimSpace(b.String()) { // YAML allows fewer characters than JSON
		if r >= 0x7f && r < 0xa0 || r == '\ufeff' || r == 0xfffe || r == 0xffff {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// block is a text in lines of its own, as it stands, where YAML can hold it so; in quotes otherwise.
func block(text string) string {
	text = strings.TrimSpace(text)
	odd := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsGraphic(r) }
	if text == "" || strings.ContainsFunc(text, odd) {
		return quoted(text)
	}
	return "|-\n  " + strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n  "), "\n  \n", "\n\n")
}
