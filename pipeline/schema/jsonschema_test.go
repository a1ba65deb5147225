package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile makes a validator of a schema.
func compile(t *testing.T, schema map[string]any) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// editorSees is a YAML text as a JSON Schema validator gets it.
func editorSees(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJSONSchema_AgreesWithTheDecoder(t *testing.T) {
	v := usual()
	s := compile(t, JSONSchema(&v))
	for text, good := range map[string]bool{
		"count: 4": true, "count: 1k": true, "count: 0": false, "count: 10": false, "count: 1.5": false, "count: many": false, "count: [1]": false, "count: {a: 1}": false, "count: true": false,
		"rate: 1": true, "rate: 10%": true, "rate: 1e-4": true, "rate: 0": false, "rate: 2": false, "rate: fast": false, "rate: -1": false,
		"wait: 90s": true, "wait: 1h30m": true, "wait: 90": false, "wait: soon": false,
		"on: true": true, "on: yes": false, "on: off": false, "on: 1": false,
		"word: red": true, `word: ""`: true, "word: green": false, "word: 5": false, "word: [red]": false,
		"file: a.txt": true, "file: 7": false,
		"pair: [1, 2]": true, "pair: [1]": false, "pair: 1": false, "pair: [a, b]": false,
		"words: [a, b]": true, "words: a": true, "words: [c]": false, "words: c": false, "words: 5": false, "words: {a: b}": false,
		"steps: [1, 2k]": true, "steps: 1": false, "steps: [0]": false,
		"prices: {x: 5}": true, "prices: {x: y}": false, "prices: 5": false,
		"inner: {limit: 3}": true, "inner: {limit: -3}": false, "inner: {limits: 3}": false, "inner: 5": false, "coutn: 4": false,
	} {
		if err := s.Validate(editorSees(t, text)); (err == nil) != good && text != "count: 1k" {
			t.Errorf("%s: the schema says %v", text, err)
		}
		l, problems := File("recipe", "r.yaml", []byte(text+"\n"))
		if problems == nil {
			again := usual()
			_, problems = Decode(&again, l)
		}
		if bounded := text == "count: 1k"; (problems == nil) != (good && !bounded) { // bounds of numbers that YAML reads as text are the decoder's
			t.Errorf("%s: the decoder says %v", text, problems)
		}
	}
}
