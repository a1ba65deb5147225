package schema

import (
	"strings"
	"testing"
	"time"
)

// tools is a list that says itself what may stand in it.
type tools []string

func (tools) Doc() string { return "hammer or saw" }

// described is a struct with a field of every kind.
type described struct {
	Count  int64          `yaml:"count" min:"1" max:"9" doc:"how many"`
	Rate   float64        `yaml:"rate" above:"0" max:"1" doc:"how fast"`
	Wait   time.Duration  `yaml:"wait" doc:"how long"`
	On     bool           `yaml:"on" doc:"whether"`
	Word   string         `yaml:"word" oneof:"|red|blue" doc:"which"`
	File   string         `yaml:"file" kind:"path" unset:"none" doc:"where"`
	Pair   [2]float64     `yaml:"pair" doc:"both"`
	Words  []string       `yaml:"words" oneof:"a|b" doc:"those"`
	Steps  []int          `yaml:"steps" min:"1" doc:"these"`
	Prices map[string]int `yaml:"prices" doc:"of each"`
	Tools  tools          `yaml:"tools" unset:"all"`
	Inner  *struct {
		Limit uint `yaml:"limit" unset:"unknown" doc:"at most"`
	} `yaml:"inner" doc:"what is inside"`
}

func usual() described {
	return described{Count: 4, Rate: 1e-4, Wait: 90 * time.Minute, Word: "red", Pair: [2]float64{0.9, 1}, Words: []string{"a"}, Steps: []int{40, 2000}, Prices: map[string]int{"c": 1000, "b": 2}}
}

func TestDescribe_KeyIsDocumentedByTheFieldThatIsChecked(t *testing.T) {
	v := usual()
	var lines []string
	for _, k := range Describe(&v) {
		lines = append(lines, strings.Join([]string{k.Path, k.Form(), k.Value, k.Meaning}, "; "))
	}
	want := `count; count 1–9; 4; how many
rate; number > 0, ≤ 1; 0.0001; how fast
wait; duration; 1h30m; how long
on; flag; false; whether
word; "" | red | blue; red; which
file; path; none; where
pair; 2 numbers; [0.9, 1]; both
words; list of a | b; [a]; those
steps; list of counts ≥ 1; [40, 2k]; these
prices; table of counts; {b: 2, c: 1k}; of each
tools; list of texts; all; hammer or saw
inner; section; ; what is inside
inner.limit; count; unknown; at most`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestDescribe_DefaultIsWrittenAsARecipeReadsIt(t *testing.T) {
	v := usual()
	for _, k := range Describe(&v) {
		if k.Section() || k.Value == "none" || k.Value == "all" || k.Value == "unknown" {
			continue
		}
		again := described{}
		l, problems := File("recipe", "r.yaml", []byte(k.Path+": "+k.Value+"\n"))
		if problems != nil {
			t.Errorf("%s: %v", k.Path, problems)
			continue
		}
		if _, problems := Decode(&again, l); problems != nil {
			t.Errorf("%s: %v", k.Path, problems)
			continue
		}
		for _, a := range Describe(&again) {
			if a.Path == k.Path && a.Value != k.Value {
				t.Errorf("%s: %s is read as %s", k.Path, k.Value, a.Value)
			}
		}
	}
}

func TestDescribe_PathThatLeadsNowhereIsAnsweredWithTheKeyThatWasMeant(t *testing.T) {
	v := usual()
	for path, want := range map[string]string{
		"coutn":        `unknown field "coutn"` + "\n    1 | coutn\n      | ^^^^^ did you mean \"count\"?",
		"inner.limits": "argument:1:7: unknown field",
		"count.x":      "count has no fields",
		"":             "unknown field",
	} {
		if p := Missing(&v, path); p == nil || !strings.Contains(p.Error(), want) {
			t.Errorf("%q: %v", path, p)
		}
	}
	for _, k := range Describe(&v) {
		if p := Missing(&v, k.Path); p != nil {
			t.Errorf("%s: %v", k.Path, p)
		}
	}
}
