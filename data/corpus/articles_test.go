package corpus

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// book is a file with three laws: one in two books, one with inserted and missing articles, and a decision without articles between.
//
//go:embed cut/testdata/book.txt
var book string

func TestSections_BookOfStatutesIsCutAtItsLawsAndArticles(t *testing.T) {
	path := write(t, "book.txt", book)
	sections, report, err := balanced(t, Options{Paths: []string{path}, Numbered: true, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sections {
		got = append(got, s.Title+" "+s.Number+" "+s.Text)
	}
	want := []string{
		"民法 第一条 为了保护民事主体的合法权益，制定本法。",
		"民法 第二条 民法调整平等主体之间的关系：（一）人身关系；（二）财产关系。",
		"民法 第三条 权利受法律保护。",
		"民法 第四条 本编调整物的归属。第一条规定的权益，第二条、第三条也一样。",
		"民法 第五条 本法自2021年1月1日起施行。",
		"刑法 第一条 【目的】为了惩罚犯罪，制定本法。",
		"刑法 第一条之一 甲。",
		"刑法 第一条之二 乙。",
		"刑法 第三条 丙。",
		"刑法 第四条 告诉的才处理。本条短。",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if sections[5].Heading != "目的" || sections[5].ID != "刑法#第一条" || sections[5].Source != "book.txt:43" || report.DroppedShort != 1 {
		t.Errorf("%+v, %+v", sections[5], report)
	}
	// Markdown is cut the same way, and a block's border falls between two laws.
	again, _, err := balanced(t, Options{Paths: []string{write(t, "book.md", book)}, Numbered: true, block: len(book) - 40})
	if err != nil || len(again) != len(sections) || again[9].Text != sections[9].Text || again[4].ID != sections[4].ID {
		t.Errorf("%d sections, %v", len(again), err)
	}
}

// The statutes themselves, where they are: 1,908 articles, each once, none with a heading of the law in its text.
func TestSections_RealCodesHaveAllTheirArticles(t *testing.T) {
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "lexeval", "prc_codes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skip("the statutes are not here: slm data pull statutes-cn")
	}
	sections, _, err := balanced(t, Options{Paths: []string{path}, Numbered: true, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range sections {
		count[s.Title]++
		if strings.Contains(s.Text, "#") || strings.Contains(s.Text, "<!--") || strings.HasPrefix(s.Text, "第") && strings.HasPrefix(s.Text, s.Number) {
			t.Errorf("%s: %s", s.ID, s.Text)
		}
	}
	more, _, err := balanced(t, Options{Paths: []string{filepath.Join(filepath.Dir(path), "prc_statutes_more.txt")}, Numbered: true, Exact: true})
	if err != nil || len(more) != 9448 { // a search for lines that begin with an article's number finds as many
		t.Errorf("%d articles of other statutes, %v", len(more), err)
	}
	if len(sections) != 1908 || count["宪法"] != 143 || count["民法"] != 1260 || len(count) != 3 {
		t.Errorf("%d articles: %v", len(sections), count)
	}
}
