package exam

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
	"slm/rng"
)

// manualForms ask by heading.
var manualForms = form.Set{
	Place: "{title}, {heading}:", Document: []string{"{title}, {heading}:"}, Question: []string{"What does {title} say about {heading}?"}, Exam: "What does {title} say about {heading}?",
}

// pages are documents whose sections repeat their heading's word at their beginning, so that overlap answers every question.
func pages(documents, each int) (out []corpus.Section) {
	words := strings.Fields("amber basalt cobalt dolomite emerald feldspar garnet halite indigo jasper kyanite limestone marble nickel opal pyrite quartz rutile sapphire talc uranium vanadium wolfram xenotime yttrium zircon")
	for d := range documents {
		for n := range each {
			w, draw := words[(d*each+n)%len(words)], rng.New(1, "pages").At(uint64(d*each+n))
			var text []string
			for range 12 + draw.IntN(8) {
				text = append(text, words[draw.IntN(len(words))])
			}
			out = append(out, corpus.Section{
				ID: fmt.Sprintf("Page %c#%02d", 'A'+d, n), Title: fmt.Sprintf("Page %c", 'A'+d), Number: fmt.Sprint(n), Heading: fmt.Sprintf("The %s %d", w, d*each+n),
				Text: w + " " + strings.Join(text, " ") + ".",
			})
		}
	}
	return out
}

func TestBuild_WrongOptionsAreOfTheSameDocumentFirst(t *testing.T) {
	list := pages(5, 12)
	for _, distractors := range []string{Document, Any} {
		opt := options
		opt.Distractors = distractors
		items, _, err := Build(list, manualForms, opt)
		if err != nil {
			t.Fatal(err)
		}
		knows, ok := KnowsDocument(items)
		if !ok || distractors == Document && knows > 0.5 || distractors == Any && knows < 0.6 {
			t.Errorf("%s: one who knows the document has %v", distractors, knows)
		}
		for _, m := range items {
			if len(m.Documents) != len(m.Choices) || m.Documents[m.Answer] != m.Section[:len("Page A")] {
				t.Errorf("%+v", m)
			}
		}
	}
}

func TestBuild_NoCueAnswersMoreThanChance(t *testing.T) {
	for name, c := range map[string]struct {
		list  []corpus.Section
		forms form.Set
	}{"pages": {pages(5, 12), manualForms}, "licences": {sections(t), forms}} {
		items, made, err := Build(c.list, c.forms, options)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, m := range items {
			all = append(all, m.Choices...)
		}
		for _, g := range cues(NewOverlap(all)) {
			for _, split := range []string{Train, Dev, Test} {
				sum, of := 0.0, Only(items, split)
				for _, m := range of {
					sum += luck(g.scores(m.Question, m.Choices), m.Answer)
				}
				if most := 0.25*float64(len(of)) + 3; sum > most { // of all it is one; of a split of few, and counted over other options, some more
					t.Errorf("%s: %d of %s, %s: %v", name, len(of), split, g.name, sum)
				}
			}
		}
		if name == "pages" && made.Remade+len(made.Left) == 0 {
			t.Error("nothing was made again: this test sees nothing")
		}
	}
}

func TestBuild_AsksNeitherByAPartNorForALink(t *testing.T) {
	list := append(pages(2, 8),
		corpus.Section{ID: "Page A#x", Title: "Page A", Number: "98", Text: "What stands above the first heading of a page is told about by no name that anybody would know."},
		corpus.Section{ID: "Page A#y", Title: "Page A", Number: "99", Heading: "Badges", Text: "[![build](https://example.org/b.svg)](https://example.org) [Docs](https://docs.example.org) https://example.org/more"},
		corpus.Section{ID: "Page A#z", Title: "Page A", Number: "100", Heading: "Is this one?", Text: "A heading that asks has its own mark, and the question needs no other one behind it."})
	items, made, err := Build(list, manualForms, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range items {
		if m.Section == "Page A#x" || m.Section == "Page A#y" || strings.HasSuffix(m.Question, "??") {
			t.Errorf("%+v", m)
		}
		if slices.ContainsFunc(m.Choices, func(c string) bool { return strings.Contains(c, "example.org") }) {
			t.Errorf("%s: an option is a badge", m.ID)
		}
	}
	why := map[string][]string{}
	for _, l := range made.Left {
		why[l.Why] = l.Sections
	}
	if !slices.Equal(why["without a heading or a key phrase"], []string{"Page A#x"}) || !slices.Equal(why["only links or a name at their beginning"], []string{"Page A#y"}) {
		t.Errorf("%v", why)
	}
	opt := options
	opt.Phrase = func(corpus.Section) string { return "the first heading" }
	pool, _ := examined(list, manualForms, opt)
	if !slices.ContainsFunc(pool, func(c candidate) bool { return c.question == "What does Page A say about the first heading?" }) {
		t.Error("a key phrase asks about nothing")
	}
}

func TestBare_IsWhatSaysNothing(t *testing.T) {
	for text, want := range map[string]bool{
		"https://example.org/a/b":                              true,
		"`http.Client`":                                        true,
		"[Guide](guide.md) [API](api.md)":                      true,
		"::: httpx.AsyncClient":                                true,
		"```Python hl_lines=\"1\" {!../../docs_src/a.py!} ```": true,
		"<a href=\"x\"><img src=\"y.png\"></a>":                true,
		"Next: Types, Previous: Intro, Up: Using [Index]":      true,
		"{#anchor}": true,
		"See [the guide on how to do this](a.md) for more.":    false,
		"```sh go install example.org/tool@latest && tool run": false,
		"你可以声明与 `Query` 相同的所有参数。":                              false,
		"A flag can also be assigned locally.":                 false,
	} {
		if bare(text) != want {
			t.Errorf("%q: bare is %v", text, !want)
		}
	}
}

func TestMade_ComesBackFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "exam.arrow")
	items, made, err := Build(pages(5, 12), manualForms, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(path, items, made); err != nil {
		t.Fatal(err)
	}
	back, err := LoadMade(path)
	if err != nil || !reflect.DeepEqual(back, made) {
		t.Errorf("%+v, %v", back, err)
	}
	if got, err := Load(path); err != nil || !reflect.DeepEqual(got, items) {
		t.Errorf("%v", err)
	}
	if err := Write(path, items, nil); err != nil {
		t.Fatal(err)
	}
	if back, err := LoadMade(path); err != nil || back != nil {
		t.Errorf("%+v, %v", back, err)
	}
	if err := checkpoint.WriteTable(path, []row{}, map[string]string{"made": "{"}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMade(path); err == nil {
		t.Error("half an object was read")
	}
}
