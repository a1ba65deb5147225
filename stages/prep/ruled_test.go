package prep

import (
	"reflect"
	"slices"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/question"
	"slm/stages/domain"
)

func TestAsked_RulesWriteOneQuestionASection(t *testing.T) {
	c, tok := small()
	_, before := prepare(t, c, tok)
	c.Asked.From, c.Asked.Split = "rules", Split{Dev: 0.25, Test: 0.4}
	dir, m := prepare(t, c, tok)
	dom, err := domain.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	if m.Facts["exam_digest"] != before.Facts["exam_digest"] {
		t.Error("the first exam is another one")
	}
	n := len(dom.Asked)
	if n < dom.Sections.Len()/2 || !exam.Ruled(dom.Asked) || int64(n) != m.Counters["asked_located"] {
		t.Fatalf("%d questions about %d sections; %v", n, dom.Sections.Len(), m.Counters)
	}
	if dev, test := len(exam.Only(dom.Asked, exam.Dev)), len(exam.Only(dom.Asked, exam.Test)); dev != (n+2)/4 || test != int(0.4*float64(n)+0.5) {
		t.Errorf("of %d questions %d are in dev, %d in test", n, dev, test)
	}
	made, guard := dom.Made(), dom.Guard()
	seen := map[string]bool{}
	for _, it := range dom.Asked {
		s, _, ok := dom.Section(it.Place)
		if !ok || seen[it.Section] || seen[it.Question] || len(it.Choices) > 0 {
			t.Errorf("%+v", it)
		}
		seen[it.Section], seen[it.Question] = true, true
		if it.Split == exam.Train {
			continue
		}
		if _, held := guard.Holds(it.Question); !held {
			t.Errorf("%q may stand in training", it.Question)
		}
		if i := slices.IndexFunc(made.Of(s, 7), func(q domain.MadeQuestion) bool { return q.Text == it.Question }); s.ID == it.Section && i >= 0 && made.Of(s, 7)[i].Held == "" {
			t.Errorf("the rules' own %q is not held out", it.Question)
		}
	}
}

func TestRuled_AskNeitherClozesNorWhatTwoSectionsAnswer(t *testing.T) {
	sections := corpus.Slice{
		{ID: "1", Title: "Act", Number: "1", Heading: "Notice period", Text: "A tenant must give notice within thirty days after the contract ends."},
		{ID: "2", Title: "Act", Number: "2", Heading: "Notice period", Text: "A tenant must give notice within thirty days after the contract ends."},
		{ID: "3", Title: "Act", Number: "3", Heading: "Repairs", Text: "The landlord must repair the roof within two years after the storm."},
		{ID: "4", Title: "Act", Number: "4", Text: "xyzzy plugh"},
	}
	c, _ := small()
	items := ruled(sections, c.Forms.Set(), true, 3)
	if len(items) != 1 || items[0].ID != "asked:3" || items[0].Place != "Act\nSection 3:" || items[0].Knowledge != sections[2].Text || items[0].Answer != -1 {
		t.Fatalf("%+v", items)
	}
	kind := ""
	for _, q := range question.Of(sections[2], question.Count(sections, nil), 3) {
		if q.Text == items[0].Question {
			kind = q.Kind
		}
	}
	if kind == "" || kind == question.Cloze {
		t.Errorf("%q is of kind %q", items[0].Question, kind)
	}
	if !reflect.DeepEqual(items, ruled(sections, c.Forms.Set(), true, 3)) {
		t.Error("the same seed asks something else")
	}
}

func TestRuled_AsksAboutPartsThatOnlyANumberTellsApartWhereItIsTold(t *testing.T) {
	const text = "xyzzy plugh"
	sections := corpus.Slice{{ID: "2", Title: "Guide", Heading: "Flags (2 of 3)", Text: text}, {ID: "3", Title: "Guide", Heading: "Flags › PersistentFlags", Text: text}}
	c, _ := small()
	for parts, want := range map[bool][]string{true: {"2", "3"}, false: {"3"}} {
		var got []string
		for _, it := range ruled(sections, c.Forms.Set(), parts, 3) {
			got = append(got, it.Section)
		}
		if !slices.Equal(got, want) {
			t.Errorf("parts %v: questions about %v, want %v", parts, got, want)
		}
	}
}

func TestAsked_RulesThatAskNothingLeaveNoSecondExamAndSayIt(t *testing.T) {
	c, _ := small()
	env, events := environment(t.TempDir())
	w := &work{Stage: New(c, DefaultTokenizer()), env: env, forms: c.Forms.Set()}
	items, err := w.byRules(corpus.Slice{{ID: "1", Title: "Act", Number: "1", Text: "xyzzy plugh"}})
	if items != nil || err != nil || len(*events) != 1 || (*events)[0].Type != "warning" {
		t.Errorf("%v, %v, %+v", items, err, *events)
	}
	c.Asked.From, c.Asked.File = "rules", []string{"x.jsonl"}
	if err := c.Validate(); err == nil {
		t.Error("a file beside rules")
	}
}
