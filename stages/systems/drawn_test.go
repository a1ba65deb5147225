package systems

import (
	"context"
	"math"
	"testing"

	"slm/llm"
)

// voter replies by the sample that is drawn.
type voter struct{ says []string }

func (v voter) Info() llm.Info { return llm.Info{} }
func (v voter) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		out[i] = llm.Reply{Text: v.says[r.Sample], Calls: 1, PromptTokens: 10, OutputTokens: 2}
		if (r.Temperature > 0) != (r.Sample > 0) {
			out[i].Text = "?"
		}
	}
	return out, nil
}

func TestDraw_OptionsCountByHowOftenTheyAreTaken(t *testing.T) {
	s := &steered{r: &Resources{Box: voter{[]string{"C", "A", "A", "I cannot say."}}, Style: llm.Letter, Proxying: Proxying{Samples: 4, Temperature: 0.8}}}
	got, err := s.draw(context.Background(), []Question{{Text: "Which?", Choices: []string{"one", "two", "three"}}})
	if err != nil {
		t.Fatal(err)
	}
	d := got[0]
	for i, n := range []float64{2.5, 0.5, 1.5} {
		if want := math.Log(n / 4.5); math.Abs(d.logs[i]-want) > 1e-12 {
			t.Errorf("option %d: %v, want %v", i, d.logs[i], want)
		}
	}
	if d.alone != 2 || d.calls != 4 || d.tokens != 48 || d.written != 8 {
		t.Errorf("%+v", d)
	}
	if _, at := d.best([]float64{0, 0, 0}, 1); at != 0 {
		t.Errorf("without a favour the most frequent one counts, not %d", at)
	}
	if _, at := d.best([]float64{0, 3, 0}, 1); at != 1 {
		t.Errorf("what tuning favours counts, not %d", at)
	}
}

func TestDraw_TextsCountByHowOftenTheyCome(t *testing.T) {
	s := &steered{r: &Resources{Box: voter{[]string{"It is.", "It is not.", "It is.", "Perhaps."}}, Style: llm.Letter, Proxying: Proxying{Samples: 4, Temperature: 0.8}}}
	got, err := s.draw(context.Background(), []Question{{Text: "Is it?"}})
	if err != nil {
		t.Fatal(err)
	}
	d := got[0]
	if len(d.texts) != 3 || d.texts[0] != (reply{"It is.", false, 2}) || math.Abs(d.logs[0]-math.Log(0.5)) > 1e-12 || math.Abs(d.logs[2]-math.Log(0.25)) > 1e-12 || d.calls != 4 {
		t.Errorf("%+v", d)
	}
	s.r.Silent = true
	if got, err := s.draw(context.Background(), []Question{{Text: "Is it?"}}); err != nil || len(got[0].logs) != 0 || got[0].calls != 0 {
		t.Errorf("an evaluation by choice asks nothing else: %+v, %v", got, err)
	}
}
