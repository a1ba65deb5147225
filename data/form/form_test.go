package form

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/tokenizer"
)

var names = []string{LicenseForms, NumberForms, HeadingForms, PlainForms}

func set(t *testing.T, name string) Set {
	t.Helper()
	s, err := Default(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func licenseSections(t *testing.T) []corpus.Section {
	t.Helper()
	sections, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses, Only: []string{"Apache-2.0", "GPL-3.0", "MPL-2.0"}, Numbered: true})
	if err != nil {
		t.Fatal(err)
	}
	return sections
}

func TestDefaultSetsAreValidAndRich(t *testing.T) {
	for _, name := range names {
		if err := set(t, name).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := set(t, LicenseForms)
	if len(s.Document) < 4 || len(s.Question) < 6 || len(s.Heading) < 2 || len(s.Quote) < 2 {
		t.Errorf("%+v", s)
	}
	if _, err := Default("statutes"); !errors.Is(err, ErrTemplate) {
		t.Error(err)
	}
}

func TestTheFormOfAPlaceIsThatOfThePrototype(t *testing.T) {
	s, sec := set(t, LicenseForms), corpus.Section{Title: "GPL-3.0", Number: "4", Heading: "Conveying"}
	if got := s.PlaceOf(sec); got != "GPL-3.0 license\nSection 4:" || s.DocumentOf(sec, 0) != got || s.DocumentOf(sec, 4) != got {
		t.Errorf("%q", got)
	}
	if got := s.Ask(s.ExamOf(sec)); got != "Question: What does section 4 of the GPL-3.0 license say?\nAnswer:" {
		t.Errorf("%q", got)
	}
	if got := s.Ask(" two\nlines "); got != "Question: two lines\nAnswer:" {
		t.Errorf("%q", got)
	}
	if got := s.Reply(s.PlaceOf(sec), "You may"); got != "GPL-3.0 license\nSection 4: You may" {
		t.Errorf("%q", got)
	}
	if s.Reply("", "text") != "text" || s.Reply("place:", "") != "place:" {
		t.Error("replies without a place or a text")
	}
}

func TestNoPromptEndsInWhiteSpace(t *testing.T) {
	sections := append(licenseSections(t), corpus.Section{Title: " odd ", Number: "1", Heading: "a: b "})
	for _, name := range names {
		s := set(t, name)
		for _, sec := range sections {
			for i := range s.Document {
				if d := s.DocumentOf(sec, i); strings.TrimRight(d, " \n\t") != d {
					t.Errorf("%s: %q", name, d)
				}
			}
			if q := s.Ask(s.ExamOf(sec)); strings.TrimRight(q, " \n\t") != q {
				t.Errorf("%s: %q", name, q)
			}
		}
	}
}

func TestEveryPlaceIsParsedBackFromGeneratedText(t *testing.T) {
	sections := append(licenseSections(t), corpus.Section{Title: "A: b", Number: "1:2", Heading: "On: colons：too"}, corpus.Section{Title: "T", Number: "7"})
	for _, name := range names[:3] {
		s := set(t, name)
		for _, sec := range sections {
			place := s.PlaceOf(sec)
			if got, ok := s.ParsePlace(" " + place + " Some text: more."); !ok || got != place {
				t.Errorf("%s: %q parsed as %q, %v", name, place, got, ok)
			}
		}
	}
	chinese := Set{Place: "{title}{number}：", Document: []string{"{title}{number}："}, Question: []string{"{title}{number}？"}}
	sec := corpus.Section{Title: "民法", Number: "第一条"}
	if got, ok := chinese.ParsePlace(chinese.PlaceOf(sec) + "为了"); !ok || got != "民法第一条：" || chinese.Validate() != nil {
		t.Errorf("%q, %v", got, chinese.Validate())
	}
	s := set(t, LicenseForms)
	for _, text := range []string{"", "no mark at all", ": text", " \n: text"} {
		if got, ok := s.ParsePlace(text); ok {
			t.Errorf("%q has the place %q", text, got)
		}
	}
	plain := set(t, PlainForms)
	if _, ok := plain.ParsePlace("a: b"); ok || plain.TwoSteps() || plain.PlaceOf(sections[0]) != "" {
		t.Error("a set without places has one")
	}
}

func TestBadTemplatesAreNamed(t *testing.T) {
	base := set(t, LicenseForms)
	for says, change := range map[string]func(*Set){
		"{nummer}":       func(s *Set) { s.Question = append(s.Question, "What says {nummer}?") },
		"closing brace":  func(s *Set) { s.Document = append(s.Document, "{title") },
		"{quote}":        func(s *Set) { s.Quote = []string{"Where?"} },
		"{heading}":      func(s *Set) { s.Heading = []string{"What says {number}?"} },
		"white space":    func(s *Set) { s.Document = append(s.Document, "{title}: ") },
		"first must be":  func(s *Set) { s.Document = s.Document[1:] },
		"end in a colon": func(s *Set) { s.Place, s.Document = "{title}.", []string{"{title}."} },
		"document template: bad template: there is none": func(s *Set) { s.Document = nil },
		"question template: bad template: there is none": func(s *Set) { s.Exam, s.Question = "", nil },
		"it is empty":                  func(s *Set) { s.Question = []string{""} },
		"exam template: \"{answer}?\"": func(s *Set) { s.Exam = "{answer}?" },
		"place template: \"{x}:\"":     func(s *Set) { s.Place, s.Document = "{x}:", []string{"{x}:"} },
	} {
		s := base
		s.Document, s.Question = slices.Clone(base.Document), slices.Clone(base.Question)
		change(&s)
		if err := s.Validate(); !errors.Is(err, ErrTemplate) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// Measured in a prototype: with the space on the prompt's side perfect recall fell to 0 of 60.
func TestTheSpaceBelongsToTheContinuation(t *testing.T) {
	sections := licenseSections(t)
	s := set(t, LicenseForms)
	texts := func(yield func(string) bool) {
		for _, sec := range sections {
			if !yield(Join(s.PlaceOf(sec), sec.Text)) {
				return
			}
		}
	}
	tok, err := tokenizer.Train(texts, tokenizer.TrainOptions{Vocab: 800, Special: []string{"<eos>"}})
	if err != nil {
		t.Fatal(err)
	}
	trapped := 0
	for _, sec := range sections {
		for i := range s.Document {
			prompt := s.DocumentOf(sec, i)
			whole := tok.Encode(Join(prompt, sec.Text))
			if parts := append(tok.Encode(prompt), tok.Encode(Continuation(sec.Text))...); !slices.Equal(parts, whole) {
				t.Fatalf("%q: the parts have other tokens than the whole", prompt)
			}
			if trap := append(tok.Encode(prompt+" "), tok.Encode(sec.Text)...); !slices.Equal(trap, whole) {
				trapped++
			}
		}
	}
	if trapped < len(sections) {
		t.Errorf("the trap closed on %d prompts only: this test cannot see it", trapped)
	}
}

func TestTheSetThatSuitsACorpusIsChosen(t *testing.T) {
	sections := licenseSections(t)
	plain := []corpus.Section{{Title: "a", Number: "1"}, {Title: "a", Number: "2"}, {Title: "b", Number: "1"}}
	headed := []corpus.Section{{Title: "a", Number: "1", Heading: "One"}, {Title: "a", Number: "2", Heading: "Two"}}
	numbered := []corpus.Section{{Title: "a", Number: "0"}, {Title: "a", Number: "1"}, {Title: "b", Number: "IV"}}
	for want, got := range map[string]string{
		LicenseForms: For(corpus.Licenses, sections), PlainForms: For("", plain), HeadingForms: For("", headed), NumberForms: For("", numbered),
	} {
		if got != want {
			t.Errorf("%s instead of %s", got, want)
		}
	}
}

func TestFormsSurviveTheirFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range names {
		s, path := set(t, name), filepath.Join(dir, name+".json")
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(path); err != nil || got.Digest() != s.Digest() {
			t.Errorf("%s: %v", name, err)
		}
	}
	golden, err := os.ReadFile("testdata/plain.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "plain.json")); string(got) != string(golden) {
		t.Errorf("format has changed:\n%s", got)
	}
	path := filepath.Join(dir, "cut.json")
	for n := range len(golden) - 1 {
		if err := os.WriteFile(path, golden[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, ErrTemplate) || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Place":"{title}:","Document":["{title}:"],"Exam":"{title}?"}`))
	f.Add([]byte(`{"Quote":["{"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parse(data)
		if err != nil {
			return
		}
		sec := corpus.Section{Title: "t", Number: "1", Heading: "h"}
		if got, ok := s.ParsePlace(s.PlaceOf(sec) + " text"); s.TwoSteps() && (!ok || got != strings.TrimSpace(s.PlaceOf(sec))) {
			t.Errorf("valid set %+v: place %q parsed as %q", s, s.PlaceOf(sec), got)
		}
	})
}
