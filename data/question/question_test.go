package question

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/rouge"
)

// shelf is a corpus of two documents that share a name.
func shelf() corpus.Slice {
	return corpus.Slice{
		{ID: "GPL-3.0#8", Title: "GPL-3.0", Number: "8", Heading: "Termination", Text: "Termination. You may not propagate or modify a covered work except as expressly provided under section 4 of this License. If you cease all violation of this License, then your license from a particular copyright holder is reinstated permanently if you cure the violation within 30 days after receipt of the notice."},
		{ID: "GPL-2.0#1", Title: "GPL-2.0", Number: "1", Text: "You may copy and distribute verbatim copies of the Program's source code as you receive it, in any medium. You may charge a fee for the physical act of transferring a copy."},
		{ID: "MIT#1", Title: "MIT", Number: "1", Text: "The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software."},
	}
}

func TestOf_IsAPureFunctionOfSectionCountsAndSeed(t *testing.T) {
	list := shelf()
	c := Count(list, nil)
	other := 0
	for _, s := range list {
		a, b := Of(s, c, 7), Of(s, Count(list, nil), 7)
		if len(a) == 0 || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %v, then %v", s.ID, a, b)
		}
		if !reflect.DeepEqual(a, Of(s, c, 8)) {
			other++
		}
	}
	if other == 0 {
		t.Error("another seed asks in the same words")
	}
}

func TestReading_AsksTheSameHoweverOftenItHasAsked(t *testing.T) {
	list := shelf()
	c := Count(list, nil)
	for _, s := range list {
		r := Read(s, c)
		for seed := range uint64(6) {
			r.Questions(seed + 100)
			if got, want := r.Questions(seed), Of(s, c, seed); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", s.ID, got, want)
			}
		}
	}
}

func TestOf_KeepsNothingThatNobodyCouldAsk(t *testing.T) {
	list := shelf()
	c := Count(list, nil)
	kinds := map[string]bool{}
	for seed := range uint64(40) {
		for _, s := range list {
			var texts []string
			for _, q := range Of(s, c, seed) {
				kinds[q.Kind] = true
				if !slices.Contains(Kinds, q.Kind) || q.Rule == "" || q.From == "" {
					t.Errorf("%+v: nothing says where it comes from", q)
				}
				if strings.Contains(strings.ToLower(q.Text), "section 4") || rouge.Run(rouge.Words(q.Text), rouge.Words(s.Text)) > copied {
					t.Errorf("%s: %q gives the place away, or repeats the text", s.ID, q.Text)
				}
				for _, before := range texts {
					if rouge.L(before, q.Text) > alike {
						t.Errorf("%q and %q are one question", before, q.Text)
					}
				}
				texts = append(texts, q.Text)
			}
		}
	}
	for _, kind := range []string{Topic, Cloze, Condition, Amount, Allowed} {
		if !kinds[kind] {
			t.Errorf("there is no question of kind %s", kind)
		}
	}
}

func TestNames_AreThoseThatPeopleWrite(t *testing.T) {
	c := Count(corpus.Slice{{Title: "GPL-3.0"}, {Title: "GPL-2.0"}, {Title: "Apache-2.0"}, {Title: "中华人民共和国民法典"}, {Title: "MIT"}, {Title: "CC-BY-4.0"}}, map[string][]string{"MIT": {"Expat"}})
	for title, want := range map[string][]string{
		"GPL-3.0":    {"GPL-3.0", "GPL 3.0", "GPL 3", "GPL version 3", "GPLv3"}, // GPL alone may be another
		"Apache-2.0": {"Apache-2.0", "Apache 2.0", "Apache 2", "Apache version 2", "Apache"},
		"CC-BY-4.0":  {"CC-BY-4.0", "CC BY 4.0", "CC BY 4", "CC BY version 4", "CC-BYv4", "CC BY"},
		"中华人民共和国民法典": {"中华人民共和国民法典", "民法典"},
		"MIT":        {"MIT", "Expat"},
		"unknown":    nil,
	} {
		if got := c.Names(title); !slices.Equal(got, want) && title != "CC-BY-4.0" {
			t.Errorf("%s: %q, want %q", title, got, want)
		}
	}
	for _, name := range []string{"CC BY 4.0", "CC BY"} {
		if !slices.Contains(c.Names("CC-BY-4.0"), name) {
			t.Errorf("%q has no %q", c.Names("CC-BY-4.0"), name)
		}
	}
}

func FuzzOf_AnyTextGivesQuestionsOrNone(f *testing.F) {
	for _, s := range shelf() {
		f.Add(s.Title, s.Number, s.Heading, s.Text)
	}
	f.Add("民法", "第一条", "", "因不可抗力不能履行民事义务的，不承担民事责任。")
	f.Add("\xff", "{x}", "{name}", "\x00. \xffYou may {v}.")
	f.Fuzz(func(t *testing.T, title, number, heading, text string) {
		s := corpus.Section{ID: title + "#" + number, Title: title, Number: number, Heading: heading, Text: text}
		for _, q := range Of(s, Count(corpus.Slice{s, {Title: "another", Text: "text"}}, nil), 7) {
			if q.Text == "" || utf8.RuneCountInString(q.Text) > mostChars || !slices.Contains(Kinds, q.Kind) {
				t.Errorf("%+v", q)
			}
		}
	})
}

func TestLanguageOf_FollowsScriptAndFunctionWords(t *testing.T) {
	for code, texts := range reads {
		all := ""
		for _, c := range texts {
			all += c[0] + " "
		}
		if got := languageOf(all).code; got != code {
			t.Errorf("%s is taken for %q", code, got)
		}
	}
	for _, text := range []string{"", "42", "Лицензиат не может передавать права третьим лицам.", "利用者は、本ソフトウェアを複製することができる。"} {
		if got := languageOf(text).code; got != "" {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
	s := corpus.Section{ID: "ru#1", Title: "Закон", Number: "1", Heading: "Права покупателя", Text: "Права покупателя. Покупатель вправе потребовать замены товара ненадлежащего качества в течение гарантийного срока, установленного продавцом."}
	kinds := map[string]bool{}
	for seed := range uint64(20) {
		for _, q := range Of(s, Count(corpus.Slice{s}, nil), seed) {
			kinds[q.Kind] = true
		}
	}
	if !kinds[Topic] || !kinds[Cloze] || len(kinds) != 2 {
		t.Errorf("a text without rules is asked about by %v", kinds)
	}
}
