package form

import (
	"strings"
	"testing"

	"slm/data/corpus"
)

func TestNamesPlace_NumberBesideTheWordsOfTheTemplates(t *testing.T) {
	cn := Set{Place: "{title}{number}：", Document: []string{"{title}{number}："}, Question: []string{"{title}{number}规定了什么？"}}
	articles := Set{Place: "{title}, Art. {number}:", Document: []string{"{title}, Art. {number}:"}, Question: []string{"Was steht in § {number} von {title}?"}}
	for _, c := range []struct {
		set      Set
		sec      corpus.Section
		question string
		want     bool
	}{
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "What does Section 4 of MIT allow?", true},
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "What does section\n4 allow?", true},
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "What does article 4 allow?", true},
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "May I ship 4 copies under MIT?", false},
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "Do sections 42 or section 41 matter?", false},
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "And section 4.2?", false},
		{licenses, corpus.Section{Title: "MIT", Number: "4"}, "And section 4.", true},
		{licenses, corpus.Section{Title: "MIT"}, "Anything about section 4?", false},
		{headings, corpus.Section{Title: "MIT", Heading: "Warranty"}, "What about the warranty under MIT?", false},
		{headings, corpus.Section{Title: "MIT", Heading: "Warranty"}, "What do I find at MIT, warranty, please?", true},
		{cn, corpus.Section{Title: "民法典", Number: "第五条"}, "按照第五条，合同有效吗？", true},
		{cn, corpus.Section{Title: "民法典", Number: "第五条"}, "民法典怎么规定合同的效力？", false},
		{articles, corpus.Section{Title: "DSGVO", Number: "7"}, "Was sagt Art. 7 dazu?", true},
		{articles, corpus.Section{Title: "DSGVO", Number: "7"}, "Gilt §7 auch hier?", true},
		{articles, corpus.Section{Title: "DSGVO", Number: "7"}, "Habe ich 7 Tage Zeit?", false},
	} {
		if got := c.set.NamesPlace(c.question, c.sec); got != c.want {
			t.Errorf("%q names %s %s: %v", c.question, c.sec.Title, c.sec.Number, got)
		}
	}
}

func TestSpeaksOfText_WholeWordsInAnyLanguage(t *testing.T) {
	for question, want := range map[string]string{
		"What does THIS section require?":      "this section",
		"According to the text, who decides?":  "the text",
		"May I change the texture?":            "",
		"Who decides in this sectional title?": "",
		"本条对谁适用？":                              "本条",
		"日本条约对谁适用？":                            "本条", // a word that holds another: such a question is lost
		"谁可以提起诉讼？":                             "",
		"Was sagt der Text dazu?":              "der text",
		"위 글에서 누가 결정하나요?":                      "위 글",
	} {
		if got, ok := SpeaksOfText(question); got != want || ok != (want != "") {
			t.Errorf("%q: %q", question, got)
		}
	}
}

func TestWriteQuestions_SpeaksTheLanguageOfTheText(t *testing.T) {
	for text, want := range map[string]string{
		"The licence ends after 30 days.":  "write 3 questions",
		"Der Vertrag endet nach 30 Tagen.": "in the language of the text",
		"合同自成立时生效，但 GDPR 另有规定的除外。":         "写出3个",
		"契約は成立の時に効力を生ずる。":                  "in the language of the text",
		"계약은 성립한 때부터 효력이 생긴다.":             "in the language of the text",
		"": "write 3 questions",
	} {
		got := WriteQuestions("T", text, 3)
		if !strings.Contains(got, want) || !strings.Contains(got, text) || !strings.Contains(AnswerShortly(text, "Q?"), "Q?") {
			t.Errorf("%q: %s", text, got)
		}
	}
}
