package experts

import (
	"errors"
	"slices"
	"testing"

	"slm/pipeline/session"
)

func TestCutsOf_SentencesComeFirstAndNothingIsLostButTheJoint(t *testing.T) {
	for question, want := range map[string][]cut{
		"What is a licence?":                nil,
		"and":                               nil,
		"":                                  nil,
		"Who signs, and who pays? And when": {{"Who signs, and who pays?", "And when"}, {"Who signs", "who pays? And when"}, {"Who signs, and who pays?", "when"}},
		"Wer haftet und wer zahlt?":         {{"Wer haftet?", "wer zahlt?"}},
		"合同何时终止？谁承担责任？":                      {{"合同何时终止？", "谁承担责任？"}},
		"物权和债权":                              {{"物权", "债权"}},
		"Is the GPL stricter than the GDPR?": {{"Is the GPL stricter?", "the GDPR?"}},
		"What is sandstone; an orchard or ":  {{"What is sandstone", "an orchard or"}},
	} {
		if got := cutsOf(question); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}

func TestApart_EachHalfMustBeClearlyOfAnotherCorpus(t *testing.T) {
	half := func(expert int, bids ...float64) Routed { return Routed{Expert: expert, Match: bids} }
	for _, c := range []struct {
		left, right Routed
		want        bool
	}{
		{half(0, 0.6, 0.2), half(1, 0.2, 0.5), true},
		{half(0, 0.6, 0.2), half(0, 0.5, 0.2), false},
		{half(0, 0.6, 0.2), half(None, 0.1, 0.3), false},
		{half(0, 0.5, 0.45), half(1, 0.2, 0.5), false},
		{half(0, 0.6, 0.2), half(1, 0.45, 0.5), false},
	} {
		if got := apart(c.left, c.right); got != c.want {
			t.Errorf("%v and %v: %v", c.left, c.right, got)
		}
	}
}

func TestFor_OneOfSeveralOptionsIsChosenByOneRun(t *testing.T) {
	routed := Routed{Expert: 1, Parts: []Part{{0, "a"}, {1, "b"}}}
	if got := routed.For(session.Question{Text: "a and b", Choices: []string{"x", "y"}}); !slices.Equal(got, []Part{{1, "a and b"}}) {
		t.Errorf("%v", got)
	}
	if got := routed.For(session.Question{Text: "a and b"}); len(got) != 2 {
		t.Errorf("%v", got)
	}
	routed.Expert = None
	if got := routed.For(session.Question{Choices: []string{"x", "y"}}); got != nil {
		t.Errorf("%v", got)
	}
}

func TestAnswer_WhatTheSecondRunFailsAtLeavesTheFirstAnswer(t *testing.T) {
	broken := errors.New("broken")
	ask := func(fails int) func(Part, bool) (*session.Answer, error) {
		return func(p Part, second bool) (*session.Answer, error) {
			if second != (p.Expert == 1) {
				t.Errorf("%v, the second: %v", p, second)
			}
			if p.Expert == fails {
				return &session.Answer{Knowledge: p.Text}, broken
			}
			return &session.Answer{Reply: p.Text}, nil
		}
	}
	parts := []Part{{0, "a"}, {1, "b"}}
	if a, err := Answer(parts, ask(2)); err != nil || a.Reply != "a" || a.Also.Reply != "b" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := Answer(parts, ask(1)); !errors.Is(err, broken) || a.Reply != "a" || a.Also.Knowledge != "b" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := Answer(parts, ask(0)); !errors.Is(err, broken) || a.Knowledge != "a" || a.Also != nil {
		t.Errorf("%+v, %v", a, err)
	}
}
