package stages

import "testing"

func TestRates_AskCountsDistinctQuestionsOnlyAsCalls(t *testing.T) {
	r := &Rates{Token: 0.01, Question: 0.5, Bare: QuestionSize{Chars: 44, Calls: 1}, Known: QuestionSize{Chars: 440, Calls: 4}, PlaceTokens: 12, PassageTokens: 88, Distinct: 0.5}
	if got, want := r.Ask(10, 4, true), (Cost{Seconds: 2, Questions: 10, Calls: 16, LLMTokens: 400}); got != want {
		t.Errorf("with knowledge: %+v, want %+v", got, want)
	}
	if got, want := r.AskItems(10, false), (Cost{Seconds: 2.5, Questions: 10, Calls: 5, LLMTokens: 50}); got != want {
		t.Errorf("without: %+v, want %+v", got, want)
	}
	if got := r.Speak(3).Seconds; got != 3 {
		t.Errorf("300 tokens of 10 ms take %v s", got)
	}
}

// What steps take is of one training, and no part of a sum.
func TestCost_AddAddsEveryField(t *testing.T) {
	c := Cost{1, 2, 3, 4, 5, 6, nil}
	c.Add(Cost{10, 20, 30, 40, 50, 60, &Training{}})
	if want := (Cost{11, 22, 33, 44, 55, 66, nil}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
}
