package schema

import (
	"reflect"
	"strings"
	"testing"
)

// metal is a vocabulary whose words a test may add to.
type metal string

var metals = [][2]string{{"iron", "common"}, {"gold", "\"rare\" | dear"}}

func (metal) Words() [][2]string { return metals }

func TestVocabulary_WordsAreCheckedAndExplained(t *testing.T) {
	type smithy struct {
		One  metal   `yaml:"one" doc:"which"`
		Many []metal `yaml:"many" doc:"those"`
	}
	read := func(text string) (s smithy, err error) {
		layer, problems := File("recipe", "r.yaml", []byte(text))
		if layer == nil {
			return s, problems.Err()
		}
		_, problems = Decode(&s, layer)
		return s, problems.Err()
	}
	if s, err := read("one: gold\nmany: [iron, gold]\n"); err != nil || s.One != "gold" || !reflect.DeepEqual(s.Many, []metal{"iron", "gold"}) {
		t.Errorf("%+v %v", s, err)
	}
	for _, text := range []string{"one: tin\n", "many: [iron, tin]\n"} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), "tin") {
			t.Errorf("%q: %v", text, err)
		}
	}
	metals = append(metals, [2]string{"tin", "soft"})
	if s, err := read("one: tin\n"); err != nil || s.One != "tin" {
		t.Errorf("a word that was added: %+v %v", s, err)
	}
	keys := Describe(&smithy{})
	if want := `which: iron = common; gold = "rare" | dear; tin = soft`; keys[0].Meaning != want || !reflect.DeepEqual(keys[1].OneOf, []string{"iron", "gold", "tin"}) {
		t.Errorf("%+v", keys)
	}
	if shape := Tree(&smithy{One: "iron", Many: []metal{"gold"}}, nil); !reflect.DeepEqual(shape, map[string]any{"one": metal("iron"), "many": []any{metal("gold")}}) {
		t.Errorf("%#v", shape)
	}
}
