package systems

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"slm/data/tokenizer"
	"slm/llm"
	"slm/model/proxy"
)

// window is a server that shows the first tokens of a vocabulary, the likeliest first, under the names that name gives them.
type window struct {
	tok   *tokenizer.Tokenizer
	name  func(id int32, l *llm.Likely)
	along error // to whoever asks for what stands along a prompt
	first int32
	calls int
}

func (f *window) Info() llm.Info { return llm.Info{CanShow: true} }
func (f *window) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		if f.calls++; len(r.Along) > 0 && f.along != nil {
			return nil, f.along
		}
		say := func(id int32, p float64) llm.Likely {
			l := llm.Likely{Text: f.tok.DecodeBytes([]int32{id}), LogProb: p}
			if f.name != nil {
				f.name(id, &l)
			}
			return l
		}
		for k := range max(1, len(r.Along)) {
			var place []llm.Likely
			for t := range int32(r.Top) {
				place = append(place, say(f.first+t, -1-float64(t)))
			}
			out[i].Shown = append(out[i].Shown, place)
			if len(r.Along) > 0 {
				out[i].Read = append(out[i].Read, say(r.Along[k], -9))
			}
		}
	}
	return out, nil
}

func taught(t *testing.T, text string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Train(slices.Values([]string{text}), tokenizer.TrainOptions{Vocab: 280})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestFar_TellsWhetherTheServersTokensAreTheSmallModels(t *testing.T) {
	tok, other := taught(t, "a rule is a rule is a rule"), taught(t, "the sea, the sky, the town")
	numbered := func(id int32, l *llm.Likely) { l.ID = &id }
	last := int32(tok.Vocab() - 3)
	for name, c := range map[string]struct {
		server window
		why    string // "" = they are
		echoes bool
	}{
		"texts and an echo":               {window{tok: tok}, "", true},
		"numbers":                         {window{tok: tok, name: numbered, along: llm.ErrNoEcho}, "", false},
		"numbers, no text":                {window{tok: tok, name: func(id int32, l *llm.Likely) { l.ID, l.Text = &id, nil }}, "", false},
		"texts alone":                     {window{tok: tok, along: llm.ErrNoEcho}, "nothing shows that its tokens are those of kit", false},
		"an echo is refused":              {window{tok: tok, along: llm.ErrRequest}, "nothing shows that its tokens are those of kit", false},
		"another vocabulary, texts":       {window{tok: other, first: last}, "kit has none of that text", false},
		"another vocabulary, by the echo": {window{tok: other}, "the LLM's server", false},
		"another vocabulary, numbers":     {window{tok: other, name: numbered, first: last}, "of the LLM's server is", false},
		"more tokens":                     {window{tok: tok, name: func(id int32, l *llm.Likely) { id += 100; l.ID, l.Text = &id, nil }, first: last}, "token", false},
	} {
		f, err := openFar(context.Background(), &c.server, proxy.Model{Name: "kit", Tokenizer: tok}, 3, 300)
		switch {
		case c.why == "" && (err != nil || f.echoes != c.echoes):
			t.Errorf("%s: %v", name, err)
		case c.why != "" && (!errors.Is(err, proxy.ErrVocabulary) || !strings.Contains(err.Error(), c.why)):
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
	if _, err := openFar(context.Background(), &window{tok: tok, along: llm.ErrBudget}, proxy.Model{Name: "kit", Tokenizer: tok}, 3, 300); !errors.Is(err, llm.ErrBudget) || errors.Is(err, proxy.ErrVocabulary) {
		t.Errorf("a budget that ends says nothing of vocabularies: %v", err)
	}
}

func TestFar_HalfACharacterCountsAsNotShown(t *testing.T) {
	tok := taught(t, "a rule is a rule is a rule")
	half := func(id int32, l *llm.Likely) {
		if id == 1 {
			l.Text, l.Untold = nil, true
		}
	}
	f, err := openFar(context.Background(), &window{tok: tok, name: half}, proxy.Model{Name: "kit", Tokenizer: tok}, 3, 300)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Show(context.Background(), []proxy.Text{{Prompt: []int32{5}}, {Prompt: []int32{5}, Along: []int32{2, 40}}})
	if err != nil {
		t.Fatal(err)
	}
	if s := got[0][0]; !slices.Equal(s.Tokens, []int32{0, 2}) || !slices.Equal(s.LogProbs, []float64{-1, -3}) {
		t.Errorf("%+v", s)
	}
	// Along a text what stands there is told too, with its own probability.
	if s := got[1][1]; !slices.Equal(s.Tokens, []int32{0, 2, 40}) || s.LogProbs[2] != -9 {
		t.Errorf("%+v", s)
	}
}
