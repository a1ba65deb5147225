package retrieve

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"

	"slm/data/corpus"
)

func TestTerms_WordsLoseTheirEndingsAndHanIsCutIntoCharactersAndPairs(t *testing.T) {
	for in, want := range map[string]string{
		"Distributing the Licences, distributed": "distribut the licens distribut",
		"Haftung für Café-Schäden":               "haftung fur cafe schaden",
		"colour organise":                        "color organiz",
		"自然人 2.0版":                               "自 自然 然 然人 人 2 0 版",
		"is as does":                             "is as does",
		"\xff\x00x":                              "x",
		"라이선스의 조건":                               "라이선스의 조건",
	} {
		if got := strings.Join(terms(in), " "); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestField_ScoresAreBM25(t *testing.T) {
	docs := [][]string{{"a", "b", "a"}, {"b", "c"}, {"c", "c", "c", "d"}, {}}
	f := newField(len(docs), func(i int) []string { return docs[i] })
	got := f.scores([]string{"a", "c", "c", "z"})
	mean := 9.0 / 4
	weight := func(count, length, df float64) float64 {
		return math.Log(1+(4-df+.5)/(df+.5)) * count * 2.2 / (count + 1.2*(0.25+0.75*length/mean))
	}
	for i, want := range []float64{weight(2, 3, 1), weight(1, 2, 2), weight(3, 4, 2), 0} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("document %d scores %v, want %v", i, got[i], want)
		}
	}
	if empty := newField(0, nil).scores([]string{"a"}); len(empty) != 0 {
		t.Errorf("no documents: %v", empty)
	}
}

func licences() corpus.Slice {
	var out corpus.Slice
	for _, title := range []string{"GPL-2.0", "GPL-3.0", "LGPL-3.0", "MPL-2.0", "CC0-1.0", "CC-BY-4.0", "CC-BY-NC-ND-3.0", "Python-2.0", "EUPL-1.1", "Apache-2.0", "民法", "刑法"} {
		for _, n := range []string{"1", "2", "第二十条"} {
			out = append(out, corpus.Section{ID: title + "#" + n, Title: title, Number: n, Text: "the license of a program in section " + n})
		}
	}
	return out
}

// firsts are the titles with the best score of a signal.
func firsts(t *testing.T, sections corpus.Slice, s Scorer, question string) string {
	t.Helper()
	scores, err := s.Scores(context.Background(), question)
	if err != nil || len(scores) != len(sections) {
		t.Fatalf("%d scores, %v", len(scores), err)
	}
	best, out := 0.0, []string{}
	for i, v := range scores {
		switch {
		case v > best:
			best, out = v, []string{sections[i].Title}
		case v == best && v > 0 && out[len(out)-1] != sections[i].Title:
			out = append(out, sections[i].Title)
		}
	}
	return strings.Join(out, " ")
}

func TestNames_DocumentsAreKnownAsPeopleWriteThem(t *testing.T) {
	sections := licences()
	x := NewIndex(sections, map[string][]string{"Apache-2.0": {"ASL 2"}, "刑法": {"刑事法律"}})
	for question, want := range map[string]string{
		"may I sell it under GPL 3?": "GPL-3.0",
		"gplv3 firmware":             "GPL-3.0",
		"the GPL version 2":          "GPL-2.0",
		"what of the GPL?":           "GPL-2.0 GPL-3.0",
		"LGPL v3":                    "LGPL-3.0",
		"Mozilla Public License 2.0": "MPL-2.0",
		"is the european union public licence copyleft": "EUPL-1.1",
		"does CC0 waive patents":                        "CC0-1.0",
		"credit under CC BY 4.0":                        "CC-BY-4.0",
		"the Python licence":                            "Python-2.0",
		"ASL 2":                                         "Apache-2.0",
		"《中华人民共和国民法典》怎么规定":                              "民法",
		"刑事法律有哪些":                                       "刑法",
		"whose program is it":                           "",
	} {
		if got := firsts(t, sections, x.Signal(Name), question); got != want {
			t.Errorf("%q names %q, want %q", question, got, want)
		}
	}
}

func TestVersion_ADocumentThatIsNamedWithItsVersionIsMeant(t *testing.T) {
	sections := licences()
	x := NewIndex(sections, map[string][]string{"Apache-2.0": {"ASL 2"}, "刑法": {"3MC syndrome"}})
	for question, want := range map[string]string{
		"may I sell it under GPL 3?": "GPL-3.0",
		"gplv2 firmware":             "GPL-2.0",
		"section 2 of the GPL-3.0":   "GPL-3.0", // and not version 2
		"Mozilla Public License 2.0": "MPL-2.0",
		"ASL 2":                      "Apache-2.0",
		"what of the GPL?":           "", // which one?
		"GPL 1":                      "", // the corpus does not have it
		"PI3K syndrome":              "", // 3MC is no version 3
		"the licence of version 3":   "",
		"《中华人民共和国民法典》怎么规定": "", // a name without a version
	} {
		if got := firsts(t, sections, x.Signal(Version), question); got != want {
			t.Errorf("%q means %q, want %q", question, got, want)
		}
	}
}

func TestNumbered_SectionsAreKnownByTheirNumbers(t *testing.T) {
	sections := licences()
	x := NewIndex(sections, nil)
	top := func(question string) string {
		scores, err := x.Signal(Number).Scores(context.Background(), question)
		if err != nil {
			t.Fatal(err)
		}
		if h := best(scores, 2); h[0].Score > h[1].Score {
			return sections[h[0].Section].ID
		}
		return ""
	}
	for question, want := range map[string]string{
		"What does section 2 of MPL-2.0 say?": "MPL-2.0#2",
		"§ 1 GPL 3":                           "GPL-3.0#1",
		"民法典第二十条的内容是":                         "民法#第二十条",
		"刑法第二十一条":                             "",
		"GPL 2":                               "", // a version is no number of a section
		"section 2":                           "", // of which document?
	} {
		if got := top(question); got != want {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func TestIndex_SectionsAroundCountWithinTheirDocument(t *testing.T) {
	var sections corpus.Slice
	for i := range 12 {
		sections = append(sections, corpus.Section{Title: map[bool]string{true: "A", false: "B"}[i < 6], Text: "filler words"})
	}
	sections[2].Text = "needle"
	scores, err := NewIndex(sections, nil).Signal(Around).Scores(context.Background(), "needle")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range scores {
		if (v > 0) != (i < 6 && i != 2) {
			t.Errorf("section %d scores %v", i, v)
		}
	}
	if !(scores[1] > scores[5]) {
		t.Errorf("a near section counts no more than a far one: %v", scores)
	}
	if NewIndex(sections, nil).Signal("nosuch") != nil {
		t.Error("there is a signal nosuch")
	}
}

// A page says its name in every part, so the name finds the page and hides which part is asked for.
func TestIndex_RestIsWhatIsAskedAboutADocument(t *testing.T) {
	sections := corpus.Slice{
		{Title: "Alpha syndrome", Number: "1", Text: "Alpha syndrome is a disorder of the skin. People with Alpha syndrome have red hands."},
		{Title: "Alpha syndrome", Number: "2", Text: "Alpha syndrome is inherited in a dominant pattern."},
		{Title: "Beta disease", Number: "1", Text: "Beta disease is a disorder of the eye."},
		{Title: "Beta disease", Number: "2", Text: "This pattern is recessive, as in Alpha syndrome."},
	}
	x := NewIndex(sections, map[string][]string{"Beta disease": {"Morbus Inherited"}})
	question := "In which pattern is Alpha syndrome inherited?"
	text, err := x.Signal(Text).Scores(context.Background(), question)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := x.Signal(Rest).Scores(context.Background(), question)
	if err != nil {
		t.Fatal(err)
	}
	want := x.text.scores(terms("In which pattern is inherited"))
	if rest[0] != want[0] || rest[1] != want[1] || text[1] <= rest[1] {
		t.Errorf("%v, without the name %v, as a whole %v", rest, want, text)
	}
	// Words of another document's name count, and its aliases are names of it.
	if other := x.text.scores(terms("In which pattern is Alpha syndrome")); rest[3] != other[3] {
		t.Errorf("%v, want %v", rest[3], other[3])
	}
	if rest[1] <= rest[0] {
		t.Errorf("the part about inheritance has %v, the other %v", rest[1], rest[0])
	}
}

func FuzzIndex_AnyTextIsIndexedAndAnyStringIsALegalQuery(f *testing.F) {
	for _, q := range hostile {
		if len(q) < 1000 {
			f.Add(q, "GPLv3 section 2")
		}
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		sections := append(licences()[:3], corpus.Section{Title: text, Number: text, Heading: text, Text: text})
		x := NewIndex(sections, map[string][]string{"GPL-2.0": {text}})
		for _, q := range []string{text, query} {
			for _, name := range Signals() {
				scores, err := x.Signal(name).Scores(context.Background(), q)
				if err != nil || len(scores) != len(sections) {
					t.Fatalf("%s: %d scores, %v", name, len(scores), err)
				}
				for _, v := range scores {
					if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
						t.Fatalf("%s: score %v", name, v)
					}
				}
			}
		}
	})
}

func TestIndex_ScoresAreTheSameAgain(t *testing.T) {
	for _, name := range Signals() {
		a, _ := NewIndex(licences(), nil).Signal(name).Scores(context.Background(), "section 2 of the GPL 3 program")
		b, _ := NewIndex(licences(), nil).Signal(name).Scores(context.Background(), "section 2 of the GPL 3 program")
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %v and %v", name, a, b)
		}
	}
}
