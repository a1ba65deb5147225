package systems

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/form"
	"slm/llm"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/delivery"
	"slm/stages/knowledge"
	"slm/stages/search"
)

// teller is a black box that keeps what it was asked and likes the longest option.
type teller struct{ got []llm.Request }

func (b *teller) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	b.got = append(b.got, reqs...)
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		out[i].Text = "It is so."
		for _, o := range r.Options {
			out[i].Scores = append(out[i].Scores, llm.Score{LogProb: -float64(len(o)), Tokens: len(o) * len(o)})
		}
	}
	return out, nil
}
func (b *teller) Info() llm.Info { return llm.Info{CanScore: true} }

// sampled is a guide that names the next section in further samples.
type sampled struct{ guide }

func (g *sampled) Sample(ctx context.Context, questions []string, n int) ([][]knowledge.Piece, error) {
	out := make([][]knowledge.Piece, len(questions))
	for k := range n {
		said, err := g.Say(ctx, questions)
		if err != nil {
			return nil, err
		}
		for i, p := range said {
			if k > 0 {
				p.Place, p.Text = "Section 50:", "own text 50"
			}
			out[i] = append(out[i], p)
		}
	}
	return out, nil
}

func delivering(t *testing.T, d delivery.Delivery, speaker Speaker, box llm.Client) System {
	t.Helper()
	r := &Resources{
		Box: box, Style: llm.Cloze, Corpus: library{}, Latest: "blade", Speakers: map[string]Speaker{"blade": speaker}, Delivery: &d,
		Retrievers: map[string]retrieve.Retriever{search.Keyword: library{}}, Cut: func(text string, tokens int) string { return text[:min(tokens, len(text))] },
		Shorter: func(text string, tokens int) string { return text[:min(tokens, len(text))] },
	}
	system, err := blade.Open(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return system
}

func TestBlade_KeepsToTheDeliveryThatWasChosen(t *testing.T) {
	d := delivery.Usual(100)
	d.Wording = form.Wording{Knowledge: "Source: {knowledge}", Question: "Q: {question}", Answer: "A:", After: true}
	d.Text, d.Source, d.Passages, d.Norm = delivery.Cited, true, 1, llm.Sum
	box := &teller{}
	got, err := delivering(t, d, &guide{}, box).Answer(context.Background(), []Question{{ID: "1", Text: "sure 4, find 6", Choices: []string{"much longer", "short"}}, {ID: "2", Text: "sure 3"}})
	if err != nil {
		t.Fatal(err)
	}
	if p := box.got[0].Prompt; !strings.HasPrefix(p, "Q: sure 4, find 6\nSource: Section 4: ") || !strings.HasSuffix(p, "\n\nA:") || !strings.Contains(p, "\nSection 6: ") {
		t.Errorf("asked %q", p)
	}
	if a := got[0]; a.Place != "Section 4:" || strings.Join(a.Given, " ") != "Section 4: Section 6: Section 98:" || !a.InCorpus || a.Picked != 1 || a.Scores[0] >= a.Scores[1] {
		t.Errorf("answered %+v", a) // by mean the other option is likelier
	}
	if p := box.got[1].Prompt; !strings.HasPrefix(p, "Q: sure 3\nSource: Section 3: ") || got[1].Text == "" {
		t.Errorf("asked %q for a reply in words", p)
	}
}

func TestBlade_AsksItsSmallModelAsOftenAsTheDeliverySays(t *testing.T) {
	d := delivery.Usual(100)
	d.Samples = 3
	got, err := delivering(t, d, &sampled{}, &teller{}).Answer(context.Background(), []Question{{ID: "1", Text: "sure 4", Choices: []string{"a", "bc"}}})
	if err != nil || got[0].Knowledge != "own text 50" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := delivering(t, d, &guide{}, &teller{}).Answer(context.Background(), []Question{{ID: "1", Text: "sure 4", Choices: []string{"a", "bc"}}}); err == nil {
		t.Error("a model that cannot be asked again was")
	}
}

func TestOpen_DamagedDeliveryIsAnErrorAndNoneIsNone(t *testing.T) {
	dir := t.TempDir()
	s := &source{Run: Run{Dir: func(stage string) string { return filepath.Join(dir, stage) }}}
	if d, err := s.delivery(); d != nil || err != nil {
		t.Errorf("%+v, %v", d, err)
	}
	path := filepath.Join(dir, stages.BPO, delivery.File)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.delivery(); !errors.Is(err, checkpoint.ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
