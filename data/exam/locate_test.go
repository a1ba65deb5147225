package exam

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/corpus/read"
	"slm/data/form"
)

// lawForms are forms as a recipe for statutes has them.
var lawForms = form.Set{Place: "{title}{number}：", Document: []string{"{title}{number}："}, Question: []string{"{title}{number}规定了什么？"}}

func law(title, number, text string) corpus.Section {
	return corpus.Section{ID: title + "#" + number, Title: title, Number: number, Text: text}
}

func stream(sections []corpus.Section) iter.Seq2[corpus.Section, error] {
	return func(yield func(corpus.Section, error) bool) {
		for _, s := range sections {
			if !yield(s, nil) {
				return
			}
		}
	}
}

var statutes = []corpus.Section{
	law("民法", "第一条", "甲"), law("民法", "第二十一条", "乙"), law("刑法", "第一条", "丙"), law("刑法", "第一条之一", "丁"), law("诉讼法", "第一条", "戊"), law("民事诉讼法", "第一条", "己"),
	{ID: "MIT#1", Title: "MIT", Number: "1", Text: "one"},
}

func TestLocate_QuestionIsAboutTheSectionThatItNames(t *testing.T) {
	for question, want := range map[string]string{
		"中华人民共和国民法第一条的内容是:":      "民法#第一条",
		"民法 第一条\n说了什么":           "民法#第一条",
		"民法第二十一条":                "民法#第二十一条",
		"民法第二条":                  "",
		"刑法第一条之一的内容是:":           "刑法#第一条之一",
		"刑法第一条之二的内容是:":           "",
		"刑法第一条之外":                "刑法#第一条",
		"第一条":                    "",
		"民事诉讼法第一条":               "民事诉讼法#第一条",
		"诉讼法第一条":                 "诉讼法#第一条",
		"民法第一条和刑法第一条有什么不同":       "",
		"民法第一条, 就是民法第一条":         "民法#第一条",
		"What does mit1 say?":    "MIT#1",
		"What does MIT12 say?":   "",
		"What does SUMMIT1 say?": "",
	} {
		items := []Item{{ID: "q", Question: question, Choices: []string{"a", "b"}}}
		n, err := Locate(items, stream(statutes), lawForms)
		if err != nil || items[0].Section != want || n.Items != len(strings.Fields(want)) {
			t.Errorf("%s: %q, %d, %v", question, items[0].Section, n.Items, err)
		}
		if at := slices.IndexFunc(statutes, func(s corpus.Section) bool { return s.ID == want }); at >= 0 {
			if items[0].Knowledge != statutes[at].Text || items[0].Place != lawForms.PlaceOf(statutes[at]) {
				t.Errorf("%s: %+v", question, items[0])
			}
		}
	}
	latin := form.Set{Place: "{title}, article {number}:"}
	code := []corpus.Section{law("Code", "2", "a"), law("Code", "2 bis", "b"), law("Code", "2-1", "c"), law("Code", "3", "d"), law("Code", "12a", "e"), law("조례", "제3조", "f"), law("조례", "제3조의2", "g"), law("条例", "第三条", "h"), law("条例", "第三条の二", "i")}
	for question, want := range map[string]string{
		"What does Code, article 2 say?": "Code#2", "What does Code, article 2 bis say?": "Code#2 bis", "Code, article 2-1?": "Code#2-1", "Code, article 3 bis?": "", "Code, article 3.": "Code#3",
		"Code, article 3.1?": "", "Code, article 12a?": "Code#12a", "Code, article 12?": "", "조례 제3조의2": "조례#제3조의2", "조례 제3조": "조례#제3조", "조례 제3조의 내용은?": "조례#제3조",
		"条例第三条の二とは": "条例#第三条の二", "条例第三条の規定": "条例#第三条", "条例第三条の三": "",
	} {
		items := []Item{{Question: question}}
		if _, err := Locate(items, stream(code), latin); err != nil || items[0].Section != want {
			t.Errorf("%s: %q, %v", question, items[0].Section, err)
		}
	}
	// The file's own knowledge stays, and a name that two sections bear is nobody's.
	items := []Item{{Question: "刑法第一条", Knowledge: "mine"}, {Question: "民法第一条"}}
	twice := append(slices.Clone(statutes), corpus.Section{ID: "other", Title: "民法", Number: "第一条", Text: "x"})
	if n, err := Locate(items, stream(twice), lawForms); n.Items != 1 || err != nil || items[0].Knowledge != "mine" || items[1].Section != "" {
		t.Errorf("%+v, %v, %+v", n, err, items)
	}
	broken := func(yield func(corpus.Section, error) bool) { yield(corpus.Section{}, read.ErrEmpty) }
	if _, err := Locate(items, broken, lawForms); !errors.Is(err, read.ErrEmpty) {
		t.Error(err)
	}
}

func TestLocate_NoSectionIsInTwoSplitsOfAFile(t *testing.T) {
	var items []Item
	for i := range 300 {
		s := statutes[i%6]
		items = append(items, Item{ID: strings.Repeat("x", i), Section: s.ID})
	}
	items = append(items, Item{ID: "alone"}, Item{ID: "lonely"})
	if err := Assign(items, 0.25, 0.5, 3, nil); err != nil {
		t.Fatal(err)
	}
	splits := map[string]string{}
	for _, m := range items {
		if before, seen := splits[fact(m)]; seen && before != m.Split || m.Split == "" {
			t.Errorf("%s is in %s and %s", fact(m), before, m.Split)
		}
		splits[fact(m)] = m.Split
	}
	count := map[string]int{}
	for _, split := range splits {
		count[split]++
	}
	if count[Test] != 4 || count[Dev] != 2 || count[Train] != 2 {
		t.Errorf("%v", count)
	}
	held := Held(items)
	for _, s := range statutes {
		if held[s.ID] != (splits[s.ID] == Dev || splits[s.ID] == Test) {
			t.Errorf("%s in %s is held out: %v", s.ID, splits[s.ID], held[s.ID])
		}
	}
	if len(held) == len(statutes) {
		t.Error("nothing is left to train on")
	}
}

func TestLocate_FileThatSaysItsSplitsIsTakenAtItsWord(t *testing.T) {
	items := []Item{{ID: "1", Section: "a", Split: Train}, {ID: "2", Section: "b", Split: Test}, {ID: "3", Section: "c", Split: Dev}, {ID: "4", Section: "b", Split: Test}}
	want := slices.Clone(items)
	if err := Assign(items, 0.5, 0.5, 1, nil); err != nil || Digest(items) != Digest(want) {
		t.Errorf("%v, %+v", err, items)
	}
	items[3].Split = Dev
	if err := Assign(items, 0.5, 0.5, 1, nil); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"2" stands in test and "4" in dev`) {
		t.Error(err)
	}
	// Without a test split, or with a question that says none, the file says nothing.
	items[1].Split, items[3].Split = Dev, Dev
	if err := Assign(items, 0, 1, 1, nil); err != nil || len(Only(items, Test)) != 4 {
		t.Errorf("%v, %+v", err, items)
	}
}
