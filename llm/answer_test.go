package llm

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

// fixed is a client with prepared replies.
type fixed struct {
	replies []Reply
	got     []Request
}

func (f *fixed) Do(_ context.Context, reqs []Request) ([]Reply, error) {
	f.got = append(f.got, reqs...)
	return f.replies, nil
}
func (f *fixed) Info() Info { return Info{CanScore: true} }

func TestAnswer_SpaceBelongsToTheOptionAndNeverToThePrompt(t *testing.T) {
	for _, q := range []Question{
		{Question: " What? ", Choices: []string{"a ", " b"}}, {Knowledge: " Known.\n", Question: "What?\n", Choices: []string{"a", "b"}},
	} {
		r, err := Render(Cloze, q)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(r.Prompt, " ") || !strings.HasSuffix(r.Prompt, "Question: What?\nAnswer:") || r.Options[0] != " a" || r.Options[1] != " b" || r.Chat {
			t.Errorf("%q %q", r.Prompt, r.Options)
		}
	}
}

func TestAnswer_WithoutKnowledgeThePromptIsTheSameButForIt(t *testing.T) {
	q := Question{Knowledge: "The text of section 4.", Question: "What does it say?", Choices: []string{"this", "that"}}
	for _, style := range []string{Cloze, Letter} {
		with, err := Render(style, q)
		if err != nil {
			t.Fatal(err)
		}
		q := q
		q.Knowledge = " \n"
		without, err := Render(style, q)
		if err != nil || with.Prompt != "The text of section 4.\n\n"+without.Prompt {
			t.Errorf("%s: %q, %q, %v", style, with.Prompt, without.Prompt, err)
		}
	}
}

func TestAnswer_ClozePicksTheHighestMeanPerToken(t *testing.T) {
	f := &fixed{replies: []Reply{{Scores: []Score{{-4, 2}, {-9, 6}, {-1.6, 1}, {-8, 4}}, PromptTokens: 30}}}
	got, err := Answer(context.Background(), f, Cloze, []Question{{Question: "q", Choices: []string{"a", "b", "c", "d"}}})
	if err != nil {
		t.Fatal(err)
	}
	c := got[0]
	if c.Index != 1 || math.Abs(c.Margin-0.1) > 1e-12 || c.Scores[0] != -2 || c.Tokens != 30 || c.Calls != 1 {
		t.Errorf("%+v", c)
	}
}

func TestAnswer_OfEqualsTheFirstIsPicked(t *testing.T) {
	f := &fixed{replies: []Reply{{Scores: []Score{{-4, 2}, {-2, 1}, {-6, 2}}}}}
	got, err := Answer(context.Background(), f, Cloze, []Question{{Question: "q", Choices: []string{"a", "b", "c"}}})
	if err != nil || got[0].Index != 0 || got[0].Margin != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestAnswer_EqualScoresAreNotTakenForChance(t *testing.T) {
	for name, scores := range map[string][]Score{"zero": {{0, 1}, {0, 1}}, "equal": {{-3, 2}, {-3, 2}}, "short": {{-1, 1}}, "no tokens": {{-1, 0}, {-2, 1}}} {
		f := &fixed{replies: []Reply{{Scores: scores}}}
		if _, err := Answer(context.Background(), f, Cloze, []Question{{Question: "q", Choices: []string{"a", "b"}}}); !errors.Is(err, ErrReply) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswer_ReplyWithoutALetterIsWrongAndShown(t *testing.T) {
	f := &fixed{replies: []Reply{{Text: "I cannot say."}}}
	got, err := Answer(context.Background(), f, Letter, []Question{{Knowledge: "k", Question: "q", Choices: []string{"yes", "no"}}})
	if err != nil || got[0].Index != -1 || got[0].Text != "I cannot say." {
		t.Errorf("%+v %v", got, err)
	}
	if r := f.got[0]; !r.Chat || r.MaxTokens == 0 || !strings.Contains(r.Prompt, "A. yes\nB. no\n") {
		t.Errorf("%+v", r)
	}
}

func TestAnswer_QuestionsThatCannotBeAskedAreRefused(t *testing.T) {
	for name, q := range map[string]Question{"one choice": {Question: "q", Choices: []string{"a"}}, "empty choice": {Question: "q", Choices: []string{"a", " "}}, "too many": {Question: "q", Choices: make([]string, 27)}} {
		if _, err := Answer(context.Background(), &fixed{}, Cloze, []Question{q}); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Render("essay", Question{Question: "q", Choices: []string{"a", "b"}}); !errors.Is(err, ErrRequest) {
		t.Error(err)
	}
}

// norms is a client that knows how likely options are: by themselves, and after knowledge.
type norms struct{ got []Request }

func (n *norms) Do(_ context.Context, reqs []Request) ([]Reply, error) {
	n.got = append(n.got, reqs...)
	out := make([]Reply, len(reqs))
	for i, r := range reqs {
		scores := []Score{{-4, 8}, {-3, 2}, {-5, 5}} // by mean the first, by sum the second
		if r.Prompt == "Answer:" {
			scores = []Score{{-6, 8}, {-4, 2}, {-9, 5}} // less these, the third
		}
		out[i] = Reply{Scores: scores, PromptTokens: 10}
	}
	return out, nil
}
func (n *norms) Info() Info { return Info{CanScore: true} }

func TestAnswer_NormalisationsPickByTheirOwnScores(t *testing.T) {
	options := []string{"a", "b", "c"}
	for norm, want := range map[string]struct {
		pick, calls int
		margin      float64
	}{"": {0, 1, 0.5}, Mean: {0, 1, 0.5}, Sum: {1, 1, 1}, PMI: {2, 2, 2}} {
		n := &norms{}
		got, err := Answer(context.Background(), n, Cloze, []Question{{Question: "q", Choices: options}, {Question: "q", Choices: options, Norm: norm}})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Index != 0 || got[1].Index != want.pick || got[1].Calls != want.calls || math.Abs(got[1].Margin-want.margin) > 1e-12 {
			t.Errorf("%q: %+v", norm, got)
		}
	}
	if _, err := Answer(context.Background(), &norms{}, Cloze, []Question{{Question: "q", Choices: options, Norm: "median"}}); !errors.Is(err, ErrRequest) {
		t.Errorf("an unknown normalisation: %v", err)
	}
}
