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

func licenseSections(t *testing.T) []corpus.Section {
	t.Helper()
	sections, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses, Only: []string{"Apache-2.0", "GPL-3.0", "MPL-2.0"}, Numbered: true})
	if err != nil {
		t.Fatal(err)
	}
	return sections
}

func TestSet_OfEachKindIsValid(t *testing.T) {
	for name, s := range sets {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlace_FormIsThatOfThePrototype(t *testing.T) {
	s, sec := licenses, corpus.Section{Title: "GPL-3.0", Number: "4", Heading: "Conveying"}
	if got := s.PlaceOf(sec); got != "GPL-3.0 license\nSection 4:" || s.DocumentOf(sec, 0) != got || s.DocumentOf(sec, 4) != got {
		t.Errorf("%q", got)
	}
	if got := Ask(s.ExamOf(sec)); got != "Question: What does section 4 of the GPL-3.0 license say?\nAnswer:" {
		t.Errorf("%q", got)
	}
	if got := Ask(" two\nlines "); got != "Question: two lines\nAnswer:" {
		t.Errorf("%q", got)
	}
	if got := s.Reply(s.PlaceOf(sec), "You may"); got != "GPL-3.0 license\nSection 4: You may" {
		t.Errorf("%q", got)
	}
	if s.Reply("", "text") != "text" || s.Reply("place:", "") != "place:" {
		t.Error("replies without a place or a text")
	}
}

func TestSet_NoPromptEndsInWhiteSpace(t *testing.T) {
	sections := append(licenseSections(t), corpus.Section{Title: " odd ", Number: "1", Heading: "a: b "})
	for name, s := range sets {
		for _, sec := range sections {
			for i := range s.Document {
				if d := s.DocumentOf(sec, i); strings.TrimRight(d, " \n\t") != d {
					t.Errorf("%s: %q", name, d)
				}
			}
			if q := Ask(s.ExamOf(sec)); strings.TrimRight(q, " \n\t") != q {
				t.Errorf("%s: %q", name, q)
			}
		}
	}
}

func TestParse_EveryPlaceComesBackFromGeneratedText(t *testing.T) {
	sections := append(licenseSections(t), corpus.Section{Title: "A: b", Number: "1:2", Heading: "On: colons：too"}, corpus.Section{Title: "T", Number: "7"})
	for name, s := range placed {
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
	for _, text := range []string{"", "no mark at all", ": text", " \n: text"} {
		if got, ok := licenses.ParsePlace(text); ok {
			t.Errorf("%q has the place %q", text, got)
		}
	}
	if _, ok := plain.ParsePlace("a: b"); ok || plain.TwoSteps() || plain.PlaceOf(sections[0]) != "" {
		t.Error("a set without places has one")
	}
}

func TestValidate_BadTemplatesAreNamed(t *testing.T) {
	base := licenses
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
func TestSet_SpaceBelongsToTheContinuation(t *testing.T) {
	sections, s := licenseSections(t), licenses
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

func TestSet_SurvivesItsFile(t *testing.T) {
	dir := t.TempDir()
	for name, s := range sets {
		path := filepath.Join(dir, name+".json")
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

func FuzzParse_AnyTextIsParsedOrRefused(f *testing.F) {
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

func TestRender_FillsWhatAReplacerFills(t *testing.T) {
	sec := corpus.Section{Title: "T {number}", Number: "7"}
	r := strings.NewReplacer("{title}", sec.Title, "{number}", sec.Number, "{heading}", "part 7", "{quote}", "q")
	for _, template := range []string{
		"", "{", "}", "{}", "{title}", "{title", "title}", "{{title}}", "{ti{tle}", "{Title}{number}{heading}{quote}", "a {x {number} b} {quote}", "{number}{number", "一{title}二{",
	} {
		if got, want := render(template, sec, "q", asIs), r.Replace(template); got != want {
			t.Errorf("%q: %q, want %q", template, got, want)
		}
	}
}
