package cut

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
	"slm/data/corpus/read"
)

// cutText cuts a text without structure.
func cutText(text string, opt Options) ([]Piece, string) {
	r := Document(doc.Plain("t", "f", text, 1), opt)
	return r.Pieces, r.Kind
}

// numbersOf cuts a text and returns the numbers of its sections.
func numbersOf(text string, only bool) []string {
	sections, _ := cutText(text, Options{Numbered: only})
	var out []string
	for _, s := range sections {
		out = append(out, s.Number)
	}
	return out
}

func TestNumbered_SectionsAreFoundInEveryStyle(t *testing.T) {
	for name, text := range map[string]string{
		"dots":     "Preamble.\n\n1. Alpha\n\n2. Beta\n\n3. Gamma\n\n4. Delta",
		"brackets": "(1) Alpha\n(2) Beta\n(3) Gamma\n(4) Delta",
		"decimals": "1.0 ALPHA\n1.1 one\n2.0 BETA\n3.0 GAMMA\n4.0 DELTA",
		"article":  "Article 1 Alpha\nof Article 8(1)\nArticle 2\nBeta\n\nArticle 3 – Gamma\nArticle 4: Delta",
		"roman":    "Article. I.\n\nAlpha\n\nArticle. II.\n\nBeta\n\nArticle. III.\n\nGamma\n\nArticle. IV.\n\nDelta",
		"section":  "Section 1 -- Alpha.\nSection 3 of this text\nSection 2 -- Beta.\nSection 3 -- Gamma.\nSection 4 -- Delta.",
		"signs":    "§ 1 Alpha\n§ 2 Beta\n§ 3 Gamma\n§ 4 Delta",
		"chinese":  "第一条 甲方的。\n第二条 乙方的。\n第三条 丙方的。\n第四条 丁方的。",
	} {
		if got := numbersOf(text, true); len(got) != 4 {
			t.Errorf("%s: sections %q", name, got)
		}
	}
}

func TestNumbered_ListsInsideASectionAreNotSections(t *testing.T) {
	text := "1. Alpha\n   1. one\n   2. two\n2. Beta\n   1. one\n   2. two\n   3. three\n   4. four\n3. Gamma\n4. Delta\n5. Epsilon"
	sections, _ := cutText(text, Options{Numbered: true})
	var begins []string
	for _, s := range sections {
		begins = append(begins, strings.Fields(s.Text)[0])
	}
	if !slices.Equal(begins, []string{"Alpha", "Beta", "Gamma", "Delta", "Epsilon"}) {
		t.Error(begins)
	}
}

func TestNumbered_RepealedAndInsertedArticlesKeepTheirNumbers(t *testing.T) {
	got := numbersOf("第九条 甲。\n第一条 甲。\n第二条 乙。\n第二条之一 丙。\n第四条 丁。\n第五条 戊。", true)
	if !slices.Equal(got, []string{"第一条", "第二条", "第二条之一", "第四条", "第五条"}) {
		t.Error(got)
	}
	for text, want := range map[string]int{"十": 10, "十二": 12, "一百零八": 108, "一千二百六十": 1260, "二十": 20, "XIV": 14, "iv": 4, "7": 7} {
		if got, ok := value(text); !ok || got != want {
			t.Errorf("%s = %d", text, got)
		}
	}
}

func TestNumbered_NothingOfADocumentIsLostUnlessAsked(t *testing.T) {
	text := "A preamble.\n\n1. Alpha\n\n2. Beta\n\n3. Gamma\n\n4. Delta\n\nAPPENDIX: How to apply.\n\nLike this."
	if got := numbersOf(text, false); !slices.Equal(got, []string{"preamble", "1", "2", "3", "4", "appendix"}) {
		t.Error(got)
	}
	if got := numbersOf(text, true); !slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Error(got)
	}
}

func TestParagraphs_PlainTextIsGroupedByThem(t *testing.T) {
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "Paragraph %d. %s\n\n", i, strings.Repeat("word ", 40))
	}
	text.WriteString(strings.Repeat("A long one. ", 500))
	sections, shape := cutText(text.String(), Options{Numbered: false})
	whole := 0
	for i, s := range sections {
		if s.Number != fmt.Sprint(i+1) || s.Heading != "" || len(s.Text) > 2*groupMost {
			t.Errorf("section %q of %d bytes", s.Number, len(s.Text))
		}
		whole += len(strings.Fields(s.Text))
	}
	if shape != "paragraphs" || whole != len(strings.Fields(text.String())) || sections[1].Line != 7 {
		t.Errorf("%s, %d of %d words, second from line %d", shape, whole, len(strings.Fields(text.String())), sections[1].Line)
	}
}

// FuzzCut_AnyTextIsCutWithoutLoss holds for any text: no panic, clean sections with different numbers, and every character in a section or left out by name.
func FuzzCut_AnyTextIsCutWithoutLoss(f *testing.F) {
	f.Add("1. Alpha\n2. Beta\n3. Gamma\n4. Delta", true, false)
	f.Add("# One\n\ntext\n\n```\n# no\n```\n## Two\nmore", false, true)
	f.Add("第一条 甲。\n第二条 乙。", false, false)
	f.Add("\x00\xff\n\n - \n§ 1 A\n§ 2 B\n§ 3 C\n§ 4 D\nEXHIBIT A", false, true)
	f.Add("---\ntitle: T\n---\n# A <!-- b -->\n\nB\n=\n\n|a|\n|-|\n|1|\n", false, true)
	f.Add(statutes, true, true)
	f.Fuzz(func(t *testing.T, text string, only, markdown bool) {
		name := "f.txt"
		if markdown {
			name = "f.md"
		}
		text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
		for whole, err := range read.From(strings.NewReader(text), name, name, read.Options{}) {
			if err != nil {
				continue // no text
			}
			total := 0
			for _, d := range Split(whole) {
				result := Document(d, Options{Numbered: only})
				numbers := map[string]bool{}
				for _, p := range result.Pieces {
					if numbers[p.Number] || p.Text == "" || p.Text != strings.TrimSpace(p.Text) && p.Text == clean.Fold(p.Text) {
						t.Errorf("piece %+v", p)
					}
					numbers[p.Number] = true
					total += doc.Chars(p.Text) + p.Named
				}
				for _, x := range result.Drops {
					if x.Chars <= 0 || x.Why == "" {
						t.Errorf("drop %+v", x)
					}
					total += x.Chars
				}
				total += d.Named
			}
			if total != whole.Chars {
				t.Errorf("%d characters of %d", total, whole.Chars)
			}
		}
	})
}
