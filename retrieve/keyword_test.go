package retrieve

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
)

func english() []corpus.Section {
	return []corpus.Section{
		{ID: "a#1", Title: "Apache-2.0", Number: "1", Heading: "Definitions", Text: "Definitions. License shall mean the terms and conditions for use."},
		{ID: "a#2", Title: "Apache-2.0", Number: "2", Heading: "Grant of Copyright License", Text: "Each contributor grants you a perpetual copyright license."},
		{ID: "a#3", Title: "Apache-2.0", Number: "3", Heading: "Grant of Patent License", Text: "Each contributor grants you a patent license; litigation ends it."},
		{ID: "g#15", Title: "GPL-3.0", Number: "15", Heading: "Disclaimer of Warranty", Text: "There is no warranty for the program, to the extent permitted by law."},
		{ID: "g#16", Title: "GPL-3.0", Number: "16", Heading: "Limitation of Liability", Text: "In no event will any copyright holder be liable for damages. Café."},
	}
}

func chinese() []corpus.Section {
	return []corpus.Section{
		{ID: "m#1", Title: "民法典", Number: "一", Text: "为了保护民事主体的合法权益,调整民事关系,维护社会和经济秩序,制定本法。"},
		{ID: "m#2", Title: "民法典", Number: "二", Text: "民法调整平等主体的自然人、法人和非法人组织之间的人身关系和财产关系。"},
		{ID: "m#3", Title: "民法典", Number: "三", Text: "民事主体的人身权利、财产权利以及其他合法权益受法律保护,任何组织或者个人不得侵犯。"},
		{ID: "x#1", Title: "刑法", Number: "一", Text: "为了惩罚犯罪,保护人民,根据宪法,结合我国同犯罪作斗争的具体经验及实际情况,制定本法。"},
	}
}

func open(t testing.TB, sections []corpus.Section) *Keyword {
	t.Helper()
	x, err := OpenKeyword(corpus.Slice(sections))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// found runs a query and returns the sections' indices.
func found(t testing.TB, x *Keyword, query string, k int) []int {
	t.Helper()
	hits, err := x.Search(context.Background(), query, k)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for i, h := range hits {
		out = append(out, h.Section)
		if i > 0 && (h.Cited && !hits[i-1].Cited || h.Cited == hits[i-1].Cited && (h.Score > hits[i-1].Score || h.Score == hits[i-1].Score && h.Section < hits[i-1].Section)) {
			t.Errorf("%q: hit %d is out of order: %+v", query, i, hits)
		}
	}
	return out
}

func TestKeyword_RightSectionComesFirst(t *testing.T) {
	x := open(t, english())
	for query, want := range map[string]int{
		"What happens to my patent license after litigation?": 2,
		"is there any WARRANTY":                               3,
		"liable for damages":                                  4,
		"cafe":                                                4, // without the accent
		"Disclaimer":                                          3, // stands in the heading only
		"Apache-2.0 definitions":                              0,
		"section 16":                                          4, // stands in the number only
	} {
		if got := found(t, x, query, 3); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %d first", query, got, want)
		}
	}
}

func TestKeyword_ChineseIsFoundByPairsOfCharacters(t *testing.T) {
	x := open(t, chinese())
	for query, want := range map[string]int{
		"什么法律惩罚犯罪?":       3,
		"人身权利、财产权利受到什么保护": 2,
		"自然人和法人之间的财产关系":   1,
		"惩罚": 3,
		"斗":  3, // begins a pair
		"序":  0, // ends a run of characters
	} {
		if got := found(t, x, query, 2); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %d first", query, got, want)
		}
	}
	if got := found(t, x, "猫", 2); got != nil {
		t.Errorf("a character that stands nowhere finds %v", got)
	}
}

func TestKeyword_UnspacedTextIsCutIntoPairsAndNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"plain words, ü": "plain words, ü",
		"自然人 X":          " 自然 然人 人  X",
		"依照民法第三百○四条之一，处": " 依照 照民 民法 法  第三百零四条之一 民法第三百零四条之一 ， 处 ",
		"第 十二 条第二款":      " 第十二条  第二款 ",
		"A第1条B":          "A 第1条 B",
	} {
		if got := spaced(in, true); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
	if got, want := expression("惩罚犯罪 the the 斗"), `"惩罚" OR "罚犯" OR "犯罪" OR "the" OR "斗" *`; got != want {
		t.Errorf("%s", got)
	}
}

// A number is found as a whole, in the law that is named: no other law's, no longer number, no article that refers to it.
func TestKeyword_ArticleIsFoundByItsNumber(t *testing.T) {
	var sections []corpus.Section
	for _, law := range []string{"民法", "刑法"} {
		for _, n := range []string{"第二十四条", "第二百二十四条", "第二十四条之一", "第二百二十条"} {
			sections = append(sections, corpus.Section{Title: law, Number: n, Text: "依照本法第二十四条、第二百二十四条的规定办理。"})
		}
	}
	x := open(t, sections)
	for i, s := range sections {
		if got := found(t, x, "中华人民共和国"+s.Title+s.Number+"的内容是:", 1); !reflect.DeepEqual(got, []int{i}) {
			t.Errorf("%s%s finds %v, not %d", s.Title, s.Number, got, i)
		}
	}
}

// The statutes and their exam, where they are: BM25 finds the article that a question names.
func TestKeyword_ArticlesOfTheRealExamAreFound(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("..", "..", "shared", "data", "lexeval"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the statutes are not here: slm data pull statutes-cn")
	}
	sections, _, err := corpus.Collect(corpus.Options{Paths: []string{filepath.Join(dir, "prc_codes.txt")}, Numbered: true, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	items, err := exam.Read(filepath.Join(dir, "questions.jsonl"), exam.From{})
	if err != nil {
		t.Fatal(err)
	}
	seq := func(yield func(corpus.Section, error) bool) {
		for _, s := range sections {
			if !yield(s, nil) {
				return
			}
		}
	}
	if _, err := exam.Locate(items, seq, form.Set{Place: "{title}{number}："}); err != nil {
		t.Fatal(err)
	}
	x := open(t, sections)
	first, third, of := 0, 0, 0
	for _, item := range items {
		if item.Section == "" {
			continue
		}
		of++
		for rank, i := range found(t, x, item.Question, 3) {
			if sections[i].ID == item.Section {
				third++
				if rank == 0 {
					first++
				}
			}
		}
	}
	t.Logf("of %d questions, the article is the first hit for %d and among three for %d", of, first, third)
	if of < 800 || first*100 < of*95 || third*100 < of*98 {
		t.Errorf("of %d questions, the article is the first hit for %d and among three for %d", of, first, third)
	}
}

var hostile = []string{
	"", " ", `"`, `""`, `"""`, `'`, `'; DROP TABLE section; --`, "*", "warranty*", "^warranty", "warranty AND", "NOT warranty", "NEAR(warranty, 2)",
	"NEAR/3", "body:warranty", "nosuch:warranty", "(warranty", "warranty)", "((((", "-warranty", "+", "{body}: x", "a\x00b", "\x00", "\xff\xfe",
	"warranty\x00\"", "OR", "OR OR OR", "%s%d", "\\", "🤖", "e\u0301", "\u0301", "ﷺ", strings.Repeat("warranty ", 5000), strings.Repeat("(", 5000),
	strings.Repeat("x", 100_000), "第", "第条", "民第一条", "第〇条之", strings.Repeat("法", 5000), "a b c d e f g h i j k l m n o p q r s t u v w x y z",
}

func TestKeyword_AnyStringIsALegalQuery(t *testing.T) {
	for _, sections := range [][]corpus.Section{english(), chinese(), nil} {
		x := open(t, sections)
		for _, q := range hostile {
			found(t, x, q, 3)
		}
		var many []string
		for i := range 3000 {
			many = append(many, fmt.Sprintf("word%d", i))
		}
		found(t, x, strings.Join(many, " "), 3)
	}
	x := open(t, english())
	for _, q := range []string{"warranty*", "^warranty", "NOT warranty", "body:warranty", "(warranty", "warranty\x00\""} {
		if got := found(t, x, q, 1); !reflect.DeepEqual(got, []int{3}) {
			t.Errorf("%q finds %v, want the section with that word", q, got)
		}
	}
	if got := found(t, x, "(((", 1); got != nil {
		t.Errorf("a query without terms finds %v", got)
	}
}

func TestKeyword_HostileTextIsIndexed(t *testing.T) {
	var sections []corpus.Section
	for i, q := range hostile {
		sections = append(sections, corpus.Section{Title: q, Text: q + fmt.Sprintf(" marker%d", i)})
	}
	x := open(t, sections)
	for i := range sections {
		if got := found(t, x, fmt.Sprintf("marker%d", i), 2); !reflect.DeepEqual(got, []int{i}) {
			t.Errorf("marker %d finds %v", i, got)
		}
	}
}

func TestKeyword_EqualScoresComeInTheOrderOfTheSections(t *testing.T) {
	var sections []corpus.Section
	for range 20 {
		sections = append(sections, corpus.Section{Title: "T", Number: "1", Text: "one and the same text"})
	}
	want := []int{0, 1, 2, 3, 4, 5, 6}
	if got := found(t, open(t, sections), "same text", 7); !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

// plain is BM25 with k1 = 1.2, b = .75 over bags of words, as SQLite documents it.
func plain(docs [][]string, query []string) []float64 {
	var average float64
	for _, d := range docs {
		average += float64(len(d)) / float64(len(docs))
	}
	scores := make([]float64, len(docs))
	for _, term := range query {
		count, in := make([]float64, len(docs)), 0.0
		for i, d := range docs {
			for _, w := range d {
				if w == term {
					count[i]++
				}
			}
			if count[i] > 0 {
				in++
			}
		}
		idf := math.Max(1e-6, math.Log((float64(len(docs))-in+0.5)/(in+0.5)))
		for i, d := range docs {
			scores[i] += idf * count[i] * 2.2 / (count[i] + 1.2*(0.25+0.75*float64(len(d))/average))
		}
	}
	return scores
}

func TestKeyword_ScoresAreBM25(t *testing.T) {
	var docs [][]string
	for _, s := range english() {
		docs = append(docs, strings.FieldsFunc(strings.ToLower(name(s)+"\n"+body(s)), func(r rune) bool { return !isWord(r) }))
	}
	want := plain(docs, []string{"patent", "damages", "holder"})
	hits, err := open(t, english()).Search(context.Background(), "patent damages holder", 5)
	if err != nil {
		t.Fatal(err)
	}
	if len(hits) != 2 {
		t.Fatalf("found %v", hits)
	}
	for _, h := range hits {
		if math.Abs(h.Score-want[h.Section]) > 1e-9 {
			t.Errorf("section %d scores %v, want %v", h.Section, h.Score, want[h.Section])
		}
	}
}

func TestKeyword_SearchesMayRunAtTheSameTime(t *testing.T) {
	x := open(t, english())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if hits, err := x.Search(context.Background(), "patent", 1); err != nil || len(hits) != 1 || hits[0].Section != 2 {
					t.Errorf("found %v, %v", hits, err)
				}
			}
		})
	}
	wg.Wait()
	if hits, err := x.Search(context.Background(), "patent", 0); err != nil || hits != nil {
		t.Errorf("none wanted, found %v, %v", hits, err)
	}
}

func FuzzKeyword_AnyStringIsALegalQuery(f *testing.F) {
	for _, q := range hostile {
		if len(q) < 1000 {
			f.Add(q)
		}
	}
	words, pairs := open(f, english()), open(f, chinese())
	f.Fuzz(func(t *testing.T, query string) {
		found(t, words, query, 3)
		found(t, pairs, query, 3)
	})
}
