package exam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"slm/data/rows"
)

// choicesOf reads a row's options from the fields that hold them, with their labels where the file names each.
func choicesOf(row rows.Row, names []string) (choices, labels []string, err error) {
	if len(names) > 1 {
		choices, err = eachOf(row, names)
	} else {
		v, _ := row.Value(names[0])
		switch v := v.(type) {
		case []any:
			choices, err = texts(names[0], v)
		case rows.Object:
			choices, labels, err = labelled(names[0], v)
		default:
			err = fmt.Errorf("field %q is %s; it must be a list of texts, or an object that has them by letter", names[0], rows.Describe(v))
		}
	}
	if err == nil && (len(choices) < 2 || len(choices) > 26) {
		err = fmt.Errorf("field %q holds %d; a question has 2 to 26", strings.Join(names, ", "), len(choices))
	}
	return choices, labels, err
}

// eachOf reads options that have a field each. Where rows have fewer than the table has columns, the last cells are empty.
func eachOf(row rows.Row, names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		text, err := row.Text(name)
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	for len(out) > 2 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out, nil
}

func texts(name string, list []any) ([]string, error) {
	out := make([]string, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("field %q: choice %d is %s; it must be text", name, i, rows.Describe(v))
		}
		out[i] = text
	}
	return out, nil
}

// labelled reads {"A": …, "B": …} in the order of the letters, or {"label": ["A", …], "text": […, …]}.
func labelled(name string, o rows.Object) (choices, labels []string, err error) {
	for i, list := range []string{"text", "label"} {
		v, ok := o.Value(list)
		of, isList := v.([]any)
		if !ok || !isList {
			break
		}
		got, err := texts(name+"."+list, of)
		if err != nil {
			return nil, nil, err
		}
		if i == 0 {
			choices = got
		} else if labels = got; len(labels) == len(choices) {
			return choices, labels, nil
		}
	}
	labels = slices.Clone(o.Names)
	slices.Sort(labels)
	choices = nil
	for i, label := range labels {
		if len(label) != 1 || label[0]&^0x20 != byte('A'+i) {
			return nil, nil, fmt.Errorf("field %q has %s; it must have the options by their letters, A, B and so on", name, strings.Join(o.Names, ", "))
		}
		text, err := o.Text(label)
		if err != nil {
			return nil, nil, err
		}
		choices = append(choices, text)
	}
	return choices, labels, nil
}

// answerOf is the index of the right option: the file has it so, as a letter (B, "(B)", "B."), by its label, or as the option's text.
// What is the letter or index of one option and the text of another is refused: either reading may make a right answer wrong.
func answerOf(row rows.Row, name string, choices, labels []string) (int, error) {
	n := len(choices)
	v, ok := row.Value(name)
	if text, isText := v.(string); !ok || isText && rows.Blank(text) {
		return 0, fmt.Errorf("field %q is empty", name)
	}
	var text string
	at := -1
	switch v := v.(type) {
	case json.Number:
		text = v.String()
		if f, err := v.Float64(); err == nil && f == float64(int(f)) {
			at = int(f)
		}
	case rows.Cell: // it says of no type
		text = string(v)
		if i, err := strconv.Atoi(text); err == nil {
			at = i
		}
	case string:
		text = strings.TrimSpace(v)
	}
	letter := strings.Trim(text, "(). ")
	if i := slices.IndexFunc(labels, func(l string) bool { return strings.EqualFold(l, text) || strings.EqualFold(l, letter) }); i >= 0 {
		return i, nil
	}
	if c := strings.ToUpper(letter); len(c) == 1 && c[0] >= 'A' && c[0] <= 'Z' {
		at = int(c[0] - 'A')
	}
	if _, isNumber := v.(json.Number); !isNumber {
		said := slices.IndexFunc(choices, func(c string) bool { return plain(c) == plain(text) })
		switch {
		case said >= 0 && at >= 0 && at < n && said != at:
			return 0, fmt.Errorf("field %q is %s, which names choice %d and is the text of choice %d", name, rows.Describe(v), at, said)
		case said >= 0:
			return said, nil
		}
	}
	if at < 0 || at >= n {
		must := fmt.Sprintf("a whole number from 0 to %d, or a letter from A to %c", n-1, 'A'+n-1)
		if len(labels) > 0 {
			must = "one of " + strings.Join(labels, ", ")
		}
		return 0, fmt.Errorf("field %q is %s; it must be %s", name, rows.Describe(v), must)
	}
	return at, nil
}

// apart refuses options that show nothing, or the same as another: of two that read alike one is right and one is wrong.
func apart(choices []string, answer int) error {
	var wrong []error
	first := map[string]int{}
	for i, c := range choices {
		key := plain(c)
		before, again := first[key]
		switch {
		case rows.Blank(c):
			wrong = append(wrong, fmt.Errorf("choice %d is empty", i))
		case again && (before == answer || i == answer):
			wrong = append(wrong, fmt.Errorf("choice %d repeats choice %d, and one of them is the answer", i, before))
		case again:
			wrong = append(wrong, fmt.Errorf("choice %d repeats choice %d", i, before))
		default:
			first[key] = i
		}
	}
	return rows.Reasons(wrong...)
}

// plain is a text as a reader compares it: composed, with one space for each blank.
func plain(text string) string { return strings.Join(strings.Fields(norm.NFC.String(text)), " ") }
