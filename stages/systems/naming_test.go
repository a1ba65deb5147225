package systems

import (
	"testing"

	"slm/data/corpus"
	"slm/data/form"
	"slm/stages/domain"
)

func shelf(place string) *source {
	return &source{Run: Run{Domain: &domain.Domain{Forms: form.Set{Place: place}, Sections: corpus.Slice{
		{ID: "1", Title: "MPL-2.0", Number: "2", Heading: "Grants", Text: "You may copy."},
		{ID: "2", Title: "MPL-2.0", Number: "7", Text: "The law of England."},
		{ID: "3", Title: "GPL-3.0", Number: "9", Text: "You need not accept."},
		{ID: "4", Title: "LGPL-3.0", Number: "2", Text: "Libraries."},
		{ID: "5", Title: "刑法", Number: "第二十条", Text: "正当防卫。"},
		{ID: "6", Title: "刑法", Number: "第二十一条", Text: "紧急避险。"},
	}}}}
}

func TestNames_TellsThisPlaceFromAnother(t *testing.T) {
	const place = "{title} license\nSection {number}:"
	for _, c := range []struct {
		question, title, number string
		want                    Naming
	}{
		{"What does section 2 of the MPL-2.0 license say?", "MPL-2.0", "2", This},
		{"what says  2\nof mpl-2.0", "MPL-2.0", "2", This},
		{"Quote MPL-2.0, section 2.", "MPL-2.0", "2", This},
		{"What does the MPL-2.0 license say of grants?", "MPL-2.0", "2", Nothing}, // the 2 of 2.0 is not the section's
		{"What does section 99 of the GPL-3.0 license say?", "GPL-3.0", "9", Other},
		{"What does section 7 of the MPL-2.0 license say?", "MPL-2.0", "2", Other},
		{"What does section 2 of the LGPL-3.0 license say?", "GPL-3.0", "9", Other}, // another title
		{"What does section 2 of the LGPL-3.0 license say?", "MPL-2.0", "2", Other},
		{"What is the law of the MPL-2.0?", "GPL-3.0", "9", Other},
		{"How do I bake bread?", "GPL-3.0", "9", Nothing},
		{"刑法第二十条的内容是什么？", "刑法", "第二十条", This},
		{"刑法第二十一条的内容是什么？", "刑法", "第二十条", Other},
		{"", "GPL-3.0", "9", Nothing},
	} {
		if got := shelf(place).Names(c.question, c.title+" license\nSection "+c.number+":"); got != c.want {
			t.Errorf("%q and %s, %s: %v, want %v", c.question, c.title, c.number, got, c.want)
		}
	}
	if got := shelf(place).Names("What does section 5 of the MIT license say?", "MIT license\nSection 5:"); got != Nothing {
		t.Errorf("a place that the corpus does not have: %v", got)
	}
}

func TestNamed_IsTheOneSectionThatAQuestionNames(t *testing.T) {
	for question, want := range map[string]int{
		"What does section 2 of the MPL-2.0 license say?":  0,
		"What does section 7 of the MPL-2.0 license say?":  1,
		"What does section 2 of the LGPL-3.0 license say?": 3,
		"What does section 3 of the MPL-2.0 license say?":  -1,
		"What does section 2 of the MIT license say?":      -1,
		"MPL-2.0 section 2 or GPL-3.0 section 9?":          -1, // two titles
		"刑法第二十一条":                                          5,
		"":                                                 -1,
	} {
		if got, ok := shelf("{title} license\nSection {number}:").Named(question); got != want || ok != (want >= 0) {
			t.Errorf("%q names section %d, %v; want %d", question, got, ok, want)
		}
	}
	s := shelf("{title}:")
	if got, ok := s.Named("What says MPL-2.0?"); ok {
		t.Errorf("a title of two sections names section %d", got)
	}
}
