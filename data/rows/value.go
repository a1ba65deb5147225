package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Row is a record.
type Row struct {
	Line int // on which it begins, from 1
	Object
}

// Object is a JSON object, or a row of a table. Its values are string, json.Number, bool, nil, []any, Object, or Cell.
type Object struct {
	Names  []string       // as the file has them, in its order
	values map[string]any // by folded name
}

// Cell is the text of a table's cell, which says of no type.
type Cell string

// fold makes spellings of a name even: case, and what stands between words.
func fold(name string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
}

// Value is the value of a field, whatever the case of its name; false when there is none, or null.
func (o Object) Value(name string) (any, bool) {
	v := o.values[fold(name)]
	if c, ok := v.(Cell); ok && Blank(string(c)) {
		return nil, false // nothing stands in the cell
	}
	return v, v != nil
}

// Has says whether the object has a field, be it null.
func (o Object) Has(name string) bool {
	_, ok := o.values[fold(name)]
	return ok
}

// First is the first of the names that the object has as a field; empty when it has none.
func (o Object) First(names ...string) string {
	for _, name := range names {
		if o.Has(name) {
			return name
		}
	}
	return ""
}

// Text is the text of a field, empty when it is not there or null. What is no text is an error.
func (o Object) Text(name string) (string, error) {
	switch v, _ := o.Value(name); v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case Cell:
		return string(v), nil
	default:
		return "", fmt.Errorf("field %q is %s; it must be text", name, Describe(v))
	}
}

// Describe names a value with its type: the text "1", the number 1, a list.
func Describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "the text " + strconv.Quote(Short(v))
	case Cell:
		return strconv.Quote(Short(string(v)))
	case json.Number:
		return "the number " + Short(v.String())
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	}
	return "an object"
}

// Short is the beginning of a text, for messages.
func Short(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// Blank says whether a text shows nothing: it is empty, or of white space and invisible characters.
func Blank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// set adds a field. A name that stands twice is an error: which of the two is meant is not known.
func (o *Object) set(name string, v any) error {
	if o.values == nil {
		o.values = map[string]any{}
	}
	if o.Has(name) {
		return fmt.Errorf("field %q stands twice", name)
	}
	o.Names, o.values[fold(name)] = append(o.Names, name), v
	return nil
}

// unreadable finds, as its group 1, escapes in JSON that are half a surrogate pair, or NUL.
var unreadable = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\u0000)`)

// parseObject reads a JSON object. A mistake of spelling has its column in raw.
func parseObject(raw []byte) (Object, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil { // it checks the whole text, which the tokens below do not
		var syntax *json.SyntaxError
		switch {
		case !errors.As(err, &syntax):
			return Object{}, errors.New("this is not JSON")
		case syntax.Offset >= int64(len(raw)) && strings.Contains(err.Error(), "unexpected end"):
			return Object{}, &column{len(raw) + 1, errors.New("the JSON ends too early")}
		}
		return Object{}, &column{int(syntax.Offset), fmt.Errorf("this is not JSON: %w", err)}
	}
	for _, at := range unreadable.FindAllSubmatchIndex(raw, -1) {
		if at[2] >= 0 {
			return Object{}, &column{at[2] + 1, fmt.Errorf("%s stands for no character", raw[at[2]:at[3]])}
		}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := parseValue(d)
	if err != nil {
		return Object{}, err
	}
	o, ok := v.(Object)
	if !ok {
		return Object{}, fmt.Errorf("this is %s; a record is an object with named fields", Describe(v))
	}
	return o, nil
}

// parseValue reads a value of a text that is whole.
func parseValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		var o Object
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := parseValue(d)
			if err == nil {
				err = o.set(name.(string), v)
			}
			if err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return o, err
	}
	return token, nil
}
