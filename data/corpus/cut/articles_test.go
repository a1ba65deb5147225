package cut

import (
	_ "embed"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

// statutes is a file with three laws: one in two books, one with inserted and missing articles, and a decision without articles between.
//
//go:embed testdata/book.txt
var statutes string

func TestLaws_AreCalledAsTheyAreCited(t *testing.T) {
	for head, want := range map[string]string{
		"中华人民共和国民法典": "民法", "中华人民共和国刑法": "刑法", " 中华人民共和国 宪法 (2018年)": "宪法", "中华人民共和国": "中华人民共和国", "反分裂国家法": "反分裂国家法",
		"中华人民共和国公司法（2023修订）": "公司法",
	} {
		if got := lawName(head); got != want {
			t.Errorf("%s is called %s", head, got)
		}
	}
}

func TestLaws_ChineseNumbersAreRead(t *testing.T) {
	for text, want := range map[string]int{
		"一千零八十四": 1084, "一千〇八十四": 1084, "一千○八十四": 1084, "十": 10, "一百二十": 120, "一九八四": 1984, "二〇": 20, "三": 3, "两": -1, "": -1, "三万": -1, "一二三四五六七": -1,
	} {
		if got, ok := chinese(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%s = %d, %v", text, got, ok)
		}
	}
}

func TestLaws_TextWithoutHeadingsOrArticlesIsNoBookOfStatutes(t *testing.T) {
	for _, text := range []string{
		"", "# 甲\n\n第一条 甲。\n第二条 乙。\n", "第一条 甲。\n第二条 乙。\n第三条 丙。\n第四条 丁。\n", "# One\n\nArticle 1 A\n", "# 甲\n\n第一条规定。\n第二条规定。\n第三条规定。\n第四条规定。\n",
	} {
		if isBook(doc.Plain("t", "f", text, 1)) {
			t.Errorf("%q is taken for statutes", text)
		}
	}
}

// FuzzLaws_AnyTextIsCutWithoutLoss holds for any text: its laws are pieces of it, in order, none before the line that it says it begins on.
func FuzzLaws_AnyTextIsCutWithoutLoss(f *testing.F) {
	f.Add(statutes)
	f.Add("# 甲\n第一条 a\n第二条 b\n# 乙\n第一条 c\n第二条 d\n# 丙")
	f.Add("# 甲乙\n第一条 a\n第二条 b\n# 乙\n乙\n第一条 c\n第二条 d\n") // a heading ends as the text below it begins
	f.Fuzz(func(t *testing.T, text string) {
		starts := []int{0} // of the lines
		for i := range len(text) {
			if text[i] == '\n' {
				starts = append(starts, i+1)
			}
		}
		done := 0
		for _, d := range laws(doc.Plain("t", "f", text, 1)) {
			for _, b := range d.Blocks {
				if b.Line < 1 || b.Line > len(starts) || b.Text == "" {
					t.Fatalf("%q begins on line %d of %d", b.Text, b.Line, len(starts))
				}
				from := max(done, starts[b.Line-1])
				at := strings.Index(text[from:], b.Text)
				if at < 0 || strings.Contains(text[from:from+at], "\n") {
					t.Fatalf("%q is not in %q, from line %d on", b.Text, text[from:], b.Line)
				}
				done = from + at + len(b.Text)
			}
		}
	})
}
