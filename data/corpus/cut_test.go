package corpus

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"slm/rng"
)

// numbersOf cuts a text and returns the numbers of its sections.
func numbersOf(text string, only bool) []string {
	sections, _ := cut(document{title: "t", source: "f", line: 1, text: text}, only)
	var out []string
	for _, s := range sections {
		out = append(out, s.Number)
	}
	return out
}

func TestNumberedSectionsAreFoundInEveryStyle(t *testing.T) {
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

func TestListsInsideASectionAreNotSections(t *testing.T) {
	text := "1. Alpha\n   1. one\n   2. two\n2. Beta\n   1. one\n   2. two\n   3. three\n   4. four\n3. Gamma\n4. Delta\n5. Epsilon"
	sections, _ := cut(document{title: "t", text: text}, true)
	var begins []string
	for _, s := range sections {
		begins = append(begins, strings.Fields(s.Text)[0])
	}
	if !slices.Equal(begins, []string{"Alpha", "Beta", "Gamma", "Delta", "Epsilon"}) {
		t.Error(begins)
	}
}

func TestRepealedAndInsertedArticlesKeepTheirNumbers(t *testing.T) {
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

func TestNothingOfANumberedDocumentIsLostUnlessAsked(t *testing.T) {
	text := "A preamble.\n\n1. Alpha\n\n2. Beta\n\n3. Gamma\n\n4. Delta\n\nAPPENDIX: How to apply.\n\nLike this."
	if got := numbersOf(text, false); !slices.Equal(got, []string{"preamble", "1", "2", "3", "4", "appendix"}) {
		t.Error(got)
	}
	if got := numbersOf(text, true); !slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Error(got)
	}
}

func TestPlainTextIsGroupedByParagraphs(t *testing.T) {
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "Paragraph %d. %s\n\n", i, strings.Repeat("word ", 40))
	}
	text.WriteString(strings.Repeat("A long one. ", 500))
	sections, shape := cut(document{title: "t", source: "f.txt", line: 1, text: text.String()}, false)
	whole := 0
	for i, s := range sections {
		if s.Number != fmt.Sprint(i+1) || s.Heading != "" || len(s.Text) > 2*groupMost {
			t.Errorf("section %q of %d bytes", s.Number, len(s.Text))
		}
		whole += len(strings.Fields(s.Text))
	}
	if shape != "paragraphs" || whole != len(strings.Fields(text.String())) || sections[1].Source != "f.txt:7" {
		t.Errorf("%s, %d of %d words, second from %s", shape, whole, len(strings.Fields(text.String())), sections[1].Source)
	}
}

func TestCleaningGivesOneCanonicalForm(t *testing.T) {
	for in, want := range map[string]string{
		"it&apos;s &quot;A&amp;B&quot;":      `it's "A&B"`,
		"cafe\u0301\r\nau\u00a0lait\r":       "café au lait",
		"\ufeffzero\u200bwidth soft\u00adly": "zerowidth softly",
		"Title\n=====\n\ntext\f\u2028more":   "Title text more",
		"民法\n典 of 中国\n\n第一":                  "民法典 of 中国第一",
		"  \n\t ":                            "",
	} {
		if got := Fold(Clean(in)); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
	if got := Clean("a\r\nb\rc\nd\f"); strings.Count(got, "\n") != 3 {
		t.Errorf("%q: lines were made or lost", got)
	}
	if got := uncomment(" * one\n *  two\n *\n * three"); Fold(got) != "one two three" {
		t.Errorf("%q", got)
	}
	if text := "a * b\nc\n* d"; uncomment(text) != text {
		t.Error("marks were taken off a text that is no comment")
	}
}

// FuzzCut holds for any text: no panic, clean sections with different ids, and nothing invented.
func FuzzCut(f *testing.F) {
	f.Add("1. Alpha\n2. Beta\n3. Gamma\n4. Delta", true, false)
	f.Add("# One\n\ntext\n\n```\n# no\n```\n## Two\nmore", false, true)
	f.Add("第一条 甲。\n第二条 乙。", false, false)
	f.Add("\x00\xff\n\n - \n§ 1 A\n§ 2 B\n§ 3 C\n§ 4 D\nEXHIBIT A", false, true)
	f.Fuzz(func(t *testing.T, text string, only, markdown bool) {
		sections, _ := cut(document{title: "t", source: "f", line: 1, text: strings.ToValidUTF8(text, ""), markdown: markdown}, only)
		ids, total := map[string]bool{}, 0
		for _, s := range sections {
			if ids[s.ID] || s.Text == "" || s.Text != Fold(s.Text) {
				t.Errorf("section %+v", s)
			}
			ids[s.ID], total = true, total+len(strings.Join(strings.Fields(s.Text), ""))
		}
		if most := len(strings.Join(strings.Fields(Clean(strings.ToValidUTF8(text, ""))), "")); total > most {
			t.Errorf("%d bytes out of %d", total, most)
		}
	})
}

// FuzzFile holds for any bytes in a file of any kind: an error that names the file, or sections with different ids, clean throughout.
func FuzzFile(f *testing.F) {
	kinds := []string{"a.txt", "a.md", "a.jsonl"}
	for kind, text := range []string{"One.\n\nTwo \x1b[31mred\x07.\r\n", "# A\n\n## B\n\ntext <b>\n\n# A\n\nmore", "{\"text\":\"x\"}\n{\"text\":\"y\",\"title\":\"T\",\"number\":1}"} {
		f.Add(byte(kind), false, []byte(text))
	}
	f.Add(byte(0), true, []byte(book))
	f.Add(byte(1), true, []byte("Preamble\n1. Alpha\n2. Beta\n3. Gamma\n4. Delta\nAPPENDIX\nend"))
	f.Add(byte(2), false, []byte("\ufeff{\"text\":\"&#27;[2J \\u001b]0;t\\u0007\",\"title\":\"\\u0000\\n#\"}"))
	f.Fuzz(func(t *testing.T, kind byte, only bool, data []byte) {
		opt := Options{Exact: true, Near: 0.8, Numbered: only, block: 512}
		name := kinds[int(kind)%len(kinds)]
		docs := func(yield func(document, error) bool) {
			if _, err := readFrom(bytes.NewReader(data), file{name: name, label: name}, opt, yield); err != nil {
				yield(document{}, err)
			}
		}
		report := &Report{Shapes: map[string]int{}, digest: sha256.New(), titles: map[uint64]int{}}
		ids, count := map[string]bool{}, 0
		err := stream(opt, docs, report, func(s Section, err error) bool {
			for _, text := range []string{s.Title, s.Number, s.Heading, s.Text} {
				if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
					t.Errorf("%+q", s)
				}
			}
			if ids[s.ID] || s.Text == "" || s.Title == "" {
				t.Errorf("%+v", s)
			}
			ids[s.ID], count = true, count+1
			return true
		})
		if err != nil && !strings.Contains(err.Error(), name) && !errors.Is(err, ErrEmpty) || err == nil && count == 0 {
			t.Errorf("%d sections, %v", count, err)
		}
	})
}

// The patterns are tried at the starts of lines only, and only where the first byte allows it: that finds what a search of the whole text finds.
func TestSectionNumbersAreFoundLineByLineAsByASearchOfTheText(t *testing.T) {
	texts := []string{"", "1.", "\n1.\n  2. A\n 3. B", "1.\n\n   2. X\n3. Y", "ſection 1 X\n\ufeff1. A", "\t§§ 3 – X\n§4.", "　第一条　甲\n笫二条 乙\n 第三条之一\n", "1)2) A\n(3) B\n  4.0 C\n5  D"}
	sections, _, err := Collect(Options{From: Licenses})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		texts = append(texts, strings.ReplaceAll(s.Text, ". ", ".\n"))
	}
	pieces := []string{"1", "2", "10", ".", ")", "(", "0", " ", "\t", "\n", "\n\n", "A", "of", "Article", "ART.", "Section", "sec", "ſec", "§", "第", "一", "条", "之", "　", "–", "IV", "é"}
	draw := rng.New(1, "corpus-test")
	for range 3000 {
		var b strings.Builder
		for range draw.IntN(40) {
			b.WriteString(pieces[draw.IntN(len(pieces))])
		}
		texts = append(texts, b.String())
	}
	found := 0
	for _, s := range append(slices.Clone(words), plain...) {
		whole := regexp.MustCompile("(?m)" + strings.Replace(s.pattern.String(), `\A`, "^", 1))
		for _, text := range texts {
			want := whole.FindAllStringSubmatchIndex(text, -1)
			if got := slices.Collect(s.matches(text)); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s in %q: %v, not %v", s.pattern, text, got, want)
			}
			found += len(want)
		}
	}
	if found < 1000 {
		t.Errorf("%d places are too few to compare", found)
	}
}
