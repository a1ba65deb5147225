package schema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type loom struct {
	Size struct {
		Rows  int     `yaml:"rows" min:"1" auto:"by the load" doc:"rows"`
		Rate  float64 `yaml:"rate" above:"0" auto:"by the rows" doc:"rate"`
		Fixed int     `yaml:"fixed" min:"0" doc:"fixed"`
	} `yaml:"size"`
	Other int `yaml:"other" min:"-5" doc:"other"`
}

func newLoom(t *testing.T, set ...string) (*loom, error) {
	t.Helper()
	e := &loom{}
	e.Size.Rows, e.Size.Rate, e.Size.Fixed, e.Other = 4, 0.5, 3, -1
	var settings []Setting
	for i, s := range set {
		key, value, _ := strings.Cut(s, "=")
		settings = append(settings, Setting{Place: "-s", Text: s, Key: key, Value: value, At: len(key) + 1, Index: i + 1})
	}
	_, problems := Decode(e, Settings("-s", settings)...)
	return e, problems.Err()
}

func TestAuto_IsReadOfAFieldAndOfAWholeSection(t *testing.T) {
	for _, c := range []struct {
		set  []string
		rows int
		rate float64
	}{
		{[]string{"size.rows=auto"}, Auto, 0.5}, {[]string{"size=auto"}, Auto, Auto}, {[]string{"size=auto", "size.rate=0.25"}, Auto, 0.25}, {[]string{"size.rate=auto", "size.rate=2"}, 4, 2},
	} {
		e, err := newLoom(t, c.set...)
		if err != nil || e.Size.Rows != c.rows || e.Size.Rate != c.rate || e.Size.Fixed != 3 {
			t.Errorf("%v: %+v, %v", c.set, e, err)
		}
	}
	for _, wrong := range []string{"size.rows=-1", "size.rate=-1", "size.fixed=auto", "other=auto", "size.rows=Auto"} {
		if _, err := newLoom(t, wrong); err == nil {
			t.Errorf("%s is read", wrong)
		} else if says := strings.Contains(err.Error(), ", or auto"); says != strings.HasPrefix(wrong, "size.r") {
			t.Errorf("%s: that the number may be auto: %v: %v", wrong, says, err)
		}
	}
}

func TestAuto_IsWrittenAsTheWordAndReadBack(t *testing.T) {
	e, err := newLoom(t, "size=auto")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(Tree(e, nil))
	if want := `{"other":-1,"size":{"fixed":3,"rate":"auto","rows":"auto"}}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	yaml, err := YAML(e, &loom{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	layer, problems := File("recipe", "e.yaml", yaml)
	again := &loom{}
	if problems == nil {
		_, problems = Decode(again, layer)
	}
	if problems.Err() != nil || !reflect.DeepEqual(e, again) {
		t.Errorf("%s is read as %+v, %v", yaml, again, problems.Err())
	}
}

func TestAuto_IsDescribed(t *testing.T) {
	e, _ := newLoom(t, "size.rows=auto")
	keys := Describe(e)
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Path == "size.rows" })
	if keys[i].Value != "auto" || keys[i].Meaning != "rows; auto = by the load" {
		t.Errorf("%+v", keys[i])
	}
	text, err := json.Marshal(JSONSchema(e))
	if n := strings.Count(string(text), `{"const":"auto"}`); err != nil || n != 3 { // two fields, and their section
		t.Errorf("%d times in %s, %v", n, text, err)
	}
}
