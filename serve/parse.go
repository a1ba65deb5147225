package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// neutral says of fields that cannot be honoured which values ask for nothing: JSON texts. A field that is not listed may not be there at all.
type neutral map[string][]string

// anything stands for every value: the field cannot change an answer.
const anything = "*"

// parse reads a JSON object into a struct by its json tags. A field that the struct does not have must be neutral. Errors are faults that name the
// field, as prefix and name.
func parse(raw []byte, prefix string, into any, others neutral) error {
	fields, err := object(raw, prefix)
	if err != nil {
		return err
	}
	v := reflect.ValueOf(into).Elem()
	known := map[string]reflect.Value{}
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("json"); name != "" { // the others are no part of a request
			known[name] = v.Field(i)
		}
	}
	for _, f := range fields {
		param := prefix + f.name
		if to, ok := known[f.name]; ok {
			if err := json.Unmarshal(f.raw, to.Addr().Interface()); err != nil {
				return badValue(param, err)
			}
			continue
		}
		allowed, ok := others[f.name]
		switch {
		case !ok:
			return wrong(param, "unknown field").withCode("unknown_field")
		case !asksNothing(f.raw, allowed):
			return wrong(param, "not supported; leave it out, or give %s", strings.Join(allowed, " or ")).withCode("unsupported_value")
		}
	}
	return nil
}

// badValue is why a field cannot be read.
func badValue(param string, err error) error {
	var f *fault
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &kind):
		return wrong(param, "a JSON %s cannot stand here", kind.Value)
	}
	return wrong(param, "cannot be read")
}

// asksNothing reports whether a value is one of those allowed, whatever the way to write it.
func asksNothing(raw json.RawMessage, allowed []string) bool {
	var got any
	if json.Unmarshal(raw, &got) != nil {
		return false
	}
	return got == nil || slices.ContainsFunc(allowed, func(a string) bool {
		var want any
		return a == anything || json.Unmarshal([]byte(a), &want) == nil && reflect.DeepEqual(got, want)
	})
}

type member struct {
	name string
	raw  json.RawMessage
}

// object reads the members of a JSON object in their order, each name once.
func object(raw []byte, prefix string) ([]member, error) {
	where := strings.TrimSuffix(prefix, ".")
	if where == "" {
		where = "body"
	}
	bad := func(format string, args ...any) error { return wrong(where, format, args...).withCode("invalid_json") }
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, bad("not a JSON object")
	}
	var out []member
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, bad("not JSON: at byte %d", dec.InputOffset())
		}
		var m member
		if err := dec.Decode(&m.raw); err != nil {
			return nil, bad("not JSON: at byte %d", dec.InputOffset())
		}
		if m.name = name; slices.ContainsFunc(out, func(o member) bool { return o.name == name }) {
			return nil, wrong(prefix+name, "stands twice")
		}
		out = append(out, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, bad("not JSON: it ends too early")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("something follows the object")
	}
	return out, nil
}

// texts is a string, or a list of strings.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil && string(raw) != "null" {
		*t = texts{one}
		return nil
	}
	var several []string
	if err := json.Unmarshal(raw, &several); err != nil {
		return fmt.Errorf("a string or a list of strings: %w", err)
	}
	*t = several
	return nil
}
