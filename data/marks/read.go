package marks

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"slm/data/exam"
	"slm/data/rows"
)

// Read reads a file of answers. All that is wrong with it is told, each with its line.
func Read(path string) ([]Answer, error) {
	var out []Answer
	var doc []string
	first, refused := 1, rows.Of(path)
	flush := func() {
		a, line, err := parse(doc, first)
		switch {
		case err != nil:
			refused.Add(line, err)
		case a != nil:
			out = append(out, *a)
		}
	}
	format := rows.Format{Most: 1 << 20, Kind: exam.ErrFormat, Noun: "line"}
	err := format.Lines(path, func(n int, line string) error {
		if strings.TrimRight(line, " ") != "---" {
			doc = append(doc, line)
			return nil
		}
		flush()
		doc, first = nil, n+1
		return nil
	})
	if err != nil {
		return nil, failed(err)
	}
	flush()
	return out, failed(refused.Err(exam.ErrFormat))
}

// parse reads one document, whose first line is given; nil if it holds nothing but comments. An error comes with its line.
func parse(doc []string, first int) (*Answer, int, error) {
	lines, bad, err := shape(doc)
	if err != nil {
		return nil, first + bad, err
	}
	if len(lines) == 0 {
		return nil, 0, nil
	}
	at := func(key string) int { return first + lines[key] }
	var a Answer
	if err := yaml.UnmarshalWithOptions([]byte(strings.Join(doc, "\n")), &a, yaml.Strict()); err != nil {
		var told yaml.Error
		if errors.As(err, &told) && told.GetToken() != nil {
			return nil, first + told.GetToken().Position.Line - 1, errors.New(told.GetMessage())
		}
		return nil, first, err
	}
	a.Line, a.PlaceLine, a.InsteadLine = at("question"), at("place"), at("instead")
	switch strings.ToLower(strings.TrimSpace(a.Right)) {
	case "y", "yes", "true":
		a.Right = "y"
	case "n", "no", "false":
		a.Right = "n"
	case "":
		a.Right = ""
	default:
		return nil, at("right"), fmt.Errorf("right is %q; it must be y, n or nothing", a.Right)
	}
	if rows.Blank(a.Question) {
		return nil, at("question"), errors.New("the answer has no question")
	}
	if !rows.Blank(a.Instead) && a.Right != "n" {
		return nil, a.InsteadLine, errors.New("a place stands behind instead, and right is not n")
	}
	return &a, 0, nil
}

// field is the beginning of a line that holds one.
var field = regexp.MustCompile(`^([A-Za-z_]+):(?: +(.*))?$`)

// shape looks for what Append never writes before YAML, which allows nearly anything, is asked for its meaning. It returns the line of each field in the
// document, from 0; or a line and what is wrong with it.
func shape(doc []string) (lines map[string]int, bad int, err error) {
	lines = map[string]int{}
	inBlock := false
	for i, line := range doc {
		switch m := field.FindStringSubmatch(line); {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " ") && inBlock:
		case m == nil:
			return nil, i, fmt.Errorf("%q is no field: write key: value on one line, with a space behind the colon", rows.Short(line))
		case m[2] != "" && strings.ContainsRune("[{&*!?@`%", rune(m[2][0])):
			return nil, i, fmt.Errorf("the value of %s is no text: put it in quotes", m[1])
		default:
			if _, twice := lines[m[1]]; twice {
				return nil, i, fmt.Errorf("field %q stands twice; --- divides answers", m[1])
			}
			lines[m[1]], inBlock = i, strings.HasPrefix(m[2], "|") || strings.HasPrefix(m[2], ">")
		}
	}
	return lines, 0, nil
}
