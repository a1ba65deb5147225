package question

import (
	"slices"
	"testing"

	"slm/data/corpus"
)

func TestElsewhere_HalvesShareNoQuestion(t *testing.T) {
	for _, lang := range []string{"en", "zh", "de", "fr", "ko", ""} {
		fit, held := Elsewhere(lang)
		all := slices.Concat(fit, held)
		if len(fit) != len(held) || len(fit) < 50 {
			t.Errorf("%q: %d questions and %d", lang, len(fit), len(held))
		}
		slices.Sort(all)
		if n := len(all); len(slices.Compact(all)) != n || slices.Contains(all, "") {
			t.Errorf("%q: questions stand there twice, or are empty", lang)
		}
	}
	if fit, _ := Elsewhere("xx"); !slices.Equal(fit, first(Elsewhere("en"))) {
		t.Error("a language without a list does not have the English one")
	}
}

func first(fit, _ []string) []string { return fit }

func TestLanguageOf_IsThatOfMostSections(t *testing.T) {
	english := corpus.Section{Text: "The licence is granted to you by the author of the work, and it may be used for any purpose."}
	german := corpus.Section{Text: "Die Lizenz wird dem Nutzer von dem Urheber für das Werk erteilt und ist nicht auf einen Zweck beschränkt."}
	chinese := corpus.Section{Text: "承租人应当按照约定的方法使用租赁物。"}
	for want, sections := range map[string]corpus.Slice{"en": {german, english, english}, "de": {german, german, chinese}, "zh": {chinese}, "": {{Text: "1 2 3"}}} {
		if got := LanguageOf(sections); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if !slices.Contains(FunctionWords("de"), "und") || FunctionWords("") != nil {
		t.Error("function words")
	}
}
