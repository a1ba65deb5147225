package source

import (
	"bytes"
	_ "embed" // the splits
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// makers turn the parts of a file into the file. They are mechanical: what they make is checked by its hash.
var makers = map[string]func(parts [][]byte) ([]byte, error){"joined": joined, "questions": questions, "formex": formex}

// joined puts parts behind each other with an empty line between.
func joined(parts [][]byte) ([]byte, error) { return bytes.Join(parts, []byte("\n\n")), nil }

//go:embed statutes-cn.splits
var splitLetters string

// splitNames are the splits by the letter that stands for them; a question with any other is kept aside for others to test with.
var splitNames = map[byte]string{'t': "train", 'd': "dev"}

var option = regexp.MustCompile(`(?m)^([A-D]): `)

// questions turns LexEval's task 1_2 (https://arxiv.org/abs/2409.20288) into questions with choices: one JSON object a line with the
// whole question as "input" becomes one with its parts. Line n has the n-th letter of the splits.
func questions(parts [][]byte) ([]byte, error) {
	splits := strings.Join(strings.Fields(splitLetters), "")
	var out bytes.Buffer
	for n, line := range bytes.Split(bytes.TrimSpace(bytes.Join(parts, []byte("\n"))), []byte("\n")) {
		if n >= len(splits) {
			return nil, fmt.Errorf("more than %d questions", len(splits))
		}
		split, ok := splitNames[splits[n]]
		if !ok {
			continue
		}
		text, err := question(n, line, split)
		if err != nil {
			return nil, fmt.Errorf("question %d: %w", n, err)
		}
		out.WriteString(text)
	}
	return out.Bytes(), nil
}

func question(n int, line []byte, split string) (string, error) {
	var raw struct{ Input, Answer string }
	if err := json.Unmarshal(line, &raw); err != nil {
		return "", err
	}
	at := option.FindAllStringSubmatchIndex(raw.Input, -1)
	answer := strings.Index("ABCD", raw.Answer)
	if len(at) != 4 || len(raw.Answer) != 1 || answer < 0 {
		return "", errors.New("not four options and the letter of one")
	}
	var choices []string
	for i, a := range at {
		end := len(raw.Input)
		if i < 3 {
			end = at[i+1][0]
		}
		choices = append(choices, quote(strings.TrimSpace(raw.Input[a[1]:end])))
	}
	return fmt.Sprintf("{\"id\": \"lexeval-1_2-%d\", \"question\": %s, \"choices\": [%s], \"answer\": %d, \"split\": %s}\n",
		n, quote(strings.TrimSpace(raw.Input[:at[0][0]])), strings.Join(choices, ", "), answer, quote(split)), nil
}

// quote is a text as JSON, in which only what must be is escaped.
func quote(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text always encodes
	return strings.TrimSpace(b.String())
}
