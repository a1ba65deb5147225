package exam

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/form"
)

// licences and pages are what the rows below speak of.
var library = []corpus.Section{
	{ID: "Apache-2.0#2", Title: "Apache-2.0", Number: "2", Heading: "Grant of Copyright License", Text: "sublicense"},
	{ID: "Apache-2.0#3", Title: "Apache-2.0", Number: "3", Heading: "Grant of Patent License", Text: "patent"},
	{ID: "MIT#1", Title: "MIT", Number: "1", Text: "free of charge"},
	{ID: "MIT#2", Title: "MIT", Number: "2", Text: "as is"},
	{ID: "Barth#1", Title: "Barth syndrome", Number: "1", Text: "It is rare."},
	{ID: "Barth#2", Title: "Barth syndrome", Number: "2", Text: "Mutations in the TAZ gene; mitochondrial inheritance."},
	{ID: "ghr#9", Title: "ghr", Number: "9", Heading: "Alexander disease", Text: "Mutations in the GFAP gene."},
	law("民法", "第五十四条", "个体工商户"), law("民法", "第五十六条", "债务"),
}

var libraryForms = form.Set{Place: "{title}\nSection {number}:"}

// located reads one row and finds its places.
func located(t *testing.T, row string) (Item, Found, error) {
	t.Helper()
	items, err := parse(strings.NewReader(row), "asked.jsonl", From{})
	if err != nil {
		return Item{}, Found{}, err
	}
	found, err := Locate(items, stream(library), libraryForms)
	return items[0], found, err
}

func TestLocate_RowsNameTheirPlacesInTheFormsThatPeopleHave(t *testing.T) {
	for row, want := range map[string]string{
		`{"question":"q","places":[{"title":"Apache-2.0","number":"3"},{"title":"apache-2.0","number":2}]}`: "Apache-2.0#3 Apache-2.0#2",
		`{"question":"q","places":{"title":"Apache-2.0","heading":"grant of patent license"}}`:              "Apache-2.0#3",
		`{"question":"q","places":["MIT#2","MIT#2"]}`:                                                       "MIT#2",
		`{"question":"q","places":"MIT"}`:                                                                   "MIT#1 MIT#2",
		`{"question":"q","places":[{"title":"MIT"}]}`:                                                       "MIT#1 MIT#2",
		`{"question":"q","articles":["中华人民共和国民法典第五十六条","《民法》第五十四条"]}`:                                       "民法#第五十六条 民法#第五十四条",
		`{"question":"Which gene?","choices":["TAZ","ASL"],"answer":0,"focus":"Barth syndrome"}`:            "Barth#2",
		`{"question":"Which?","answer":"mitochondrial (maternal)","focus":"barth syndrome"}`:                "Barth#2",
		`{"question":"Which?","answer":"az","focus":"Barth syndrome"}`:                                      "Barth#1 Barth#2",
		`{"question":"Which gene?","answer":"GFAP","focus":"Alexander disease"}`:                            "ghr#9",
	} {
		item, found, err := located(t, row)
		if err != nil || found.Items != 1 || len(found.Missing) != 0 || strings.Join(item.Sections, " ") != want {
			t.Errorf("%s: %v, %+v, %v", row, item.Sections, found, err)
			continue
		}
		at := slices.IndexFunc(library, func(s corpus.Section) bool { return s.ID == item.Section })
		first := library[at]
		if item.Section != item.Sections[0] || item.Place != libraryForms.PlaceOf(first) || item.Knowledge != first.Text || len(item.Places) != len(item.Sections) || item.Places[0] != item.Place {
			t.Errorf("%s: %+v", row, item)
		}
	}
	// What the row says of its places counts, and not what its question happens to name.
	if item, _, err := located(t, `{"question":"MIT#1 and 民法第五十六条?","places":["民法第五十四条"]}`); err != nil || item.Section != "民法#第五十四条" {
		t.Errorf("%+v, %v", item, err)
	}
}

func TestLocate_MissingPlaceIsASlipWhereTheDocumentIsThere(t *testing.T) {
	for row, want := range map[string]string{
		`{"question":"q","places":[{"title":"Apache-2.0","number":"22"}]}`: `asked.jsonl:1: the corpus has no such section: {title Apache-2.0, number 22}; nearest: Apache-2.0#2, Apache-2.0#3`,
		`{"question":"q","places":["民法典第五百五十六条"]}`:                         `asked.jsonl:1: the corpus has no such section: "民法典第五百五十六条"; nearest: 民法#第五十六条, 民法#第五十四条`,
		`{"question":"q","places":[{"title":"Apache","number":"2"}]}`:      `asked.jsonl:1: the corpus has no such document: {title Apache, number 2}; nearest: Apache-2.0`,
	} {
		item, found, err := located(t, row)
		slips := found.Slips()
		if err != nil || !errors.Is(slips, ErrFormat) || !strings.Contains(slips.Error(), want) || found.Items != 0 {
			t.Errorf("%s: %v, %v", row, slips, err)
		}
		// It stays as a place where nothing is found.
		if len(item.Places) != 1 || item.Place != "" || item.Section != "" {
			t.Errorf("%s: %+v", row, item)
		}
	}
	// A file that knows more documents than the corpus is no mistake.
	item, found, err := located(t, `{"question":"q","places":[{"title":"WTFPL","number":"1"},{"title":"MIT","number":"2"}]}`)
	if err != nil || found.Slips() != nil || len(found.Missing) != 1 || item.Section != "MIT#2" || !slices.Equal(item.Places, []string{"MIT\nSection 2:", "WTFPL 1"}) {
		t.Errorf("%+v, %+v, %v", item, found, err)
	}
}

func TestRead_RowsWithoutChoicesSayWhereOrWhatTheAnswerIs(t *testing.T) {
	for row, want := range map[string]Item{
		`{"question":"q","contains":"yes","places":["MIT#1"]}`:           {Contains: []string{"yes"}},
		`{"question":"q","answer":"30 days"}`:                            {Answers: []string{"30 days"}},
		`{"question":"q","answers":["30 days",30],"reference":"In 30."}`: {Answers: []string{"30 days", "30"}, Reference: "In 30."},
		`{"question":"q","answer":"是","aliases":["对"]}`:                  {Answers: []string{"是", "对"}},
		`{"question":"q","reference":"At length.","focus":"MIT"}`:        {Reference: "At length.", Focus: "MIT"},
	} {
		items, err := parse(strings.NewReader(row), "a.jsonl", From{})
		if err != nil {
			t.Errorf("%s: %v", row, err)
			continue
		}
		got := items[0]
		if got.Answer != -1 || got.Choices != nil || !slices.Equal(got.Answers, want.Answers) || !slices.Equal(got.Contains, want.Contains) || got.Reference != want.Reference || got.Focus != want.Focus {
			t.Errorf("%s: %+v", row, got)
		}
	}
	for row, want := range map[string]string{
		`{"question":"q","answer":"B"}`:               "a.jsonl:1: no field holds the choices",
		`{"question":"q","answer":2}`:                 "a.jsonl:1: no field holds the choices",
		`{"question":"q"}`:                            "no field holds the choices or the answer",
		`{"question":"q","answers":[true]}`:           `a.jsonl:1: field "answers": entry 0 is true; it must be text`,
		`{"question":"q","contains":["a"," "]}`:       `field "contains": entry 1 is empty`,
		`{"question":"q","places":[{"page":"3"},7]}`:  `field "places": entry 0 has page; a place has a title, a number or a heading; field "places": entry 1 is the number 7`,
		`{"question":"q","places":[{"title":["x"]}]}`: `title is a list; it must be text`,
		`{"question":"q","places":""}`:                `field "places" is empty`,
	} {
		if _, err := parse(strings.NewReader(row), "a.jsonl", From{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", row, err)
		}
	}
}

// Files that recipes named before there were places mean what they meant.
func TestRead_NamedFieldsAloneAreReadOfPlacesAndFreeAnswers(t *testing.T) {
	row := `{"question":"q","choices":["a","b"],"answer":0,"articles":["MIT#1"],"focus":"MIT","reference":"x","answers":["y"],"contains":"z"}`
	items, err := parse(strings.NewReader(row), "a.jsonl", From{Named: true})
	if err != nil || items[0].cited != nil || items[0].Focus != "" || items[0].Reference != "" || items[0].Answers != nil || items[0].Contains != nil {
		t.Errorf("%+v, %v", items, err)
	}
	items, err = parse(strings.NewReader(row), "a.jsonl", From{Named: true, Fields: &Fields{Places: "articles"}})
	if err != nil || items[0].cited == nil || items[0].Focus != "" {
		t.Errorf("%+v, %v", items, err)
	}
}

func TestAssign_WhatHadASplitKeepsItAndTheRestIsDealt(t *testing.T) {
	var items []Item
	for i := range 60 {
		items = append(items, Item{ID: fmt.Sprint("q", i), Section: fmt.Sprint("s", i)})
	}
	before := map[string]string{}
	for i := range 20 {
		before[fmt.Sprint("s", i)] = []string{Train, Dev, Test}[i%3]
	}
	if err := Assign(items, 0.25, 0.5, 5, func(id string) string { return before[id] }); err != nil {
		t.Fatal(err)
	}
	for i, m := range items[:20] {
		if m.Split != before[m.Section] {
			t.Errorf("question %d was in %s and is in %s", i, before[m.Section], m.Split)
		}
	}
	if dev, test := len(Only(items[20:], Dev)), len(Only(items[20:], Test)); dev != 10 || test != 20 {
		t.Errorf("of 40 others %d are in dev, %d in test", dev, test)
	}
	if !maps.Equal(Splits(items[:20]), before) {
		t.Errorf("%v", Splits(items[:20]))
	}
}

func TestAssign_QuestionAboutSeveralSectionsIsHeldOutWithAnyOfThem(t *testing.T) {
	var items []Item
	for i := range 60 {
		a, b := string(rune('a'+i%20)), string(rune('a'+(i*7)%20))
		items = append(items, Item{ID: strings.Repeat("x", i+1), Section: a, Sections: []string{a, b}, Places: []string{a, b}})
	}
	if err := Assign(items, 0.2, 0.2, 5, nil); err != nil {
		t.Fatal(err)
	}
	test := map[string]bool{}
	for _, m := range Only(items, Test) {
		test[m.Sections[0]], test[m.Sections[1]] = true, true
	}
	held := Held(items)
	for _, m := range Only(items, Train) {
		for _, id := range m.Sections {
			if test[id] || held[id] {
				t.Errorf("%s is trained on, and held out", id)
			}
		}
	}
	if len(test) == 0 || len(Only(items, Train)) == 0 {
		t.Errorf("%d in test, %d in train", len(Only(items, Test)), len(Only(items, Train)))
	}
}

func TestLoad_GivesBackFreeItemsOfBothExams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "exam.arrow")
	items := []Item{
		{ID: "1", Question: "q", Choices: []string{"a", "b"}, Answer: 1, Split: Test},
		{ID: "2", Question: "q", Answer: -1, Split: Dev, Exam: Asked, Sections: []string{"s"}, Section: "s", Place: "p:", Places: []string{"p:", "else"}, Answers: []string{"x"}, Contains: []string{"y"}, Reference: "z", Focus: "f"},
	}
	if err := Write(path, items, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || Digest(got) != Digest(items) || len(Of(got, Asked)) != 1 || len(Of(got, "")) != 1 || !slices.Equal(got[1].Right(), items[1].Places) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []Item{{ID: "1", Question: "q", Answer: 0}, {ID: "1", Question: "q", Choices: []string{"a", "b"}, Answer: -1}} {
		if err := Write(path, []Item{bad}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, ErrFormat) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestWithChoices_LeavesOutWhatIsAnsweredInWords(t *testing.T) {
	items := []Item{{ID: "1", Choices: []string{"a", "b"}}, {ID: "2", Answer: -1, Answers: []string{"x"}}}
	if got := WithChoices(items); len(got) != 1 || got[0].ID != "1" || len(items) != 2 || items[1].ID != "2" {
		t.Errorf("%+v", got)
	}
}
