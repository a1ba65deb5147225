package exam

import (
	"errors"
	"strings"
	"testing"

	"slm/data/corpus"
)

func TestBuild_SaysWhyEachSectionIsLeftOut(t *testing.T) {
	const long = "Each tenant shall keep the stairs free of snow from the first of November until the end of March. "
	list := []corpus.Section{
		{ID: "good", Title: "A", Number: "1", Text: "The landlord gives notice of an inspection at least one week ahead, in writing, and names the rooms that are to be seen."},
		{ID: "short", Title: "A", Number: "2", Text: "Void."},
		{ID: "copy", Title: "A", Number: "3", Text: long + "The landlord provides the salt and the tools."},
		{ID: "copied", Title: "B", Number: "3", Text: long + "The landlord provides the salt and all tools."},
		{ID: "twin", Title: "C", Number: "1", Text: "Music may be played until ten at night, and on the eve of a public holiday until midnight, if the windows are shut."},
		{ID: "double", Title: "C", Number: "1", Text: "Bicycles stand in the yard, in the stands that are there for them, and are not to be chained to the gate or the fence."},
	}
	_, _, err := Build(list, forms, options)
	if !errors.Is(err, ErrTooSmall) {
		t.Fatal(err)
	}
	for _, want := range []string{"there are 1 of 6", "1 shorter than 40 characters (short)", "(copy, copied)", "2 asked about in the same words as others (twin, double)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestBuild_SectionsThatBeginAlikeAreToldTheKeyThatTellsThemApart(t *testing.T) {
	begin := strings.Repeat("The tenant keeps the house in good order and does not disturb the others who live in it. ", 4)
	var list []corpus.Section
	for _, end := range []string{"Washing hangs in the yard.", "Dogs stay on the lead in the stairwell.", "Prams stand under the stairs.", "The cellar door is shut at night."} {
		list = append(list, corpus.Section{ID: end[:4], Title: "House rules", Number: end[:4], Text: begin + strings.Repeat(end+" ", 20)})
	}
	opt := options
	opt.Chars = 120
	if _, _, err := Build(list, forms, opt); !errors.Is(err, ErrTooSmall) || !strings.Contains(err.Error(), "data.exam.chars") {
		t.Errorf("%v", err)
	}
	opt.Chars = 2000
	if _, _, err := Build(list, forms, opt); err != nil && strings.Contains(err.Error(), "data.exam.chars") {
		t.Errorf("%v", err)
	}
}
