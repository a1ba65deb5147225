package systems

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/proxy"
	"slm/stages/knowledge"
)

// window is a server that shows the first tokens of a vocabulary, the likeliest first, under the names that name gives them.
type window struct {
	tok   *tokenizer.Tokenizer
	name  func(id int32, l *llm.Likely)
	along error                                 // to whoever asks for what stands along a prompt
	next  func(token int32) (llm.Likely, error) // what it tells of a token that it is made to generate; nil = what it tells otherwise
	first int32
	calls int
	last  int // call that is answered, after which the budget is used up; 0 = there is none
}

func (f *window) Info() llm.Info { return llm.Info{CanShow: true} }
func (f *window) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		if f.last > 0 && f.calls >= f.last {
			return nil, llm.ErrBudget
		}
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
			switch {
			case len(r.Along) > 0:
				out[i].Read = append(out[i].Read, say(r.Along[k], -9))
			case r.Next != nil && f.next != nil:
				l, err := f.next(*r.Next)
				if err != nil {
					return nil, err
				}
				out[i].Read = []llm.Likely{l}
			case r.Next != nil:
				p := -9.
				if at := *r.Next - f.first; at >= 0 && int(at) < r.Top {
					p = -1 - float64(at)
				}
				out[i].Read = []llm.Likely{say(*r.Next, p)}
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
		forces bool
	}{
		"texts and an echo":               {window{tok: tok}, "", true, false},
		"numbers":                         {window{tok: tok, name: numbered, along: llm.ErrNoEcho}, "", false, true},
		"numbers, no text":                {window{tok: tok, name: func(id int32, l *llm.Likely) { l.ID, l.Text = &id, nil }}, "", false, true},
		"numbers, made certain":           {window{tok: tok, name: numbered, next: func(id int32) (llm.Likely, error) { return llm.Likely{ID: &id}, nil }}, "", false, false},
		"numbers, not to be made":         {window{tok: tok, name: numbered, next: func(int32) (llm.Likely, error) { return llm.Likely{}, llm.ErrNoEcho }}, "", false, false},
		"texts alone":                     {window{tok: tok, along: llm.ErrNoEcho}, "nothing shows that its tokens are those of kit", false, false},
		"an echo is refused":              {window{tok: tok, along: llm.ErrRequest}, "nothing shows that its tokens are those of kit", false, false},
		"another vocabulary, texts":       {window{tok: other, first: last}, "kit has none of that text", false, false},
		"another vocabulary, by the echo": {window{tok: other}, "the LLM's server", false, false},
		"another vocabulary, numbers":     {window{tok: other, name: numbered, first: last}, "of the LLM's server is", false, false},
		"more tokens":                     {window{tok: tok, name: func(id int32, l *llm.Likely) { id += 100; l.ID, l.Text = &id, nil }, first: last}, "token", false, false},
	} {
		f, err := openFar(context.Background(), &c.server, proxy.Model{Name: "kit", Tokenizer: tok}, 3, 300)
		switch {
		case c.why == "" && (err != nil || f.echoes != c.echoes || f.forces != c.forces):
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

// mute is a small model that says nothing.
type mute struct{}

func (mute) Say(_ context.Context, qs []string) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, len(qs))
	for i, q := range qs {
		out[i].Question = q
	}
	return out, nil
}
func (m mute) Name(ctx context.Context, qs []string) ([]knowledge.Piece, error) {
	return m.Say(ctx, qs)
}
func (mute) Score(context.Context, []knowledge.Piece, [][]string) ([][]float64, error) {
	return nil, nil
}

func TestFit_GoesOnWhereItWasBrokenOff(t *testing.T) {
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	tok := taught(t, "a rule is a rule is a rule")
	d := decode.New(model.New(model.Config{Vocab: tok.Vocab(), Width: 8, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 8, Hidden: 16, Context: 64, RopeTheta: 10000, NormEps: 1e-5}, 1), be)
	kit := proxy.Model{Name: "kit", Decoder: d, Tokenizer: tok}
	var known []Graded
	for range fewestKnown {
		known = append(known, Graded{Question{Text: "Is it?", Choices: []string{"a rule", "no rule"}}, 0})
	}
	asked := []Question{known[0].Question}
	server := &window{tok: tok, last: ProbeCalls + 2*3}
	r := &Resources{Box: server, fitted: &fitted{}, Proxying: Proxying{Top: 3}, OneStep: true, Speakers: map[string]Speaker{"slm": mute{}}, Graded: func() []Graded { return known }}
	open := func() *steered {
		return &steered{r: r, e: Experts{Speaker: "slm", Plus: kit, Minus: kit}, far: &far{box: server}, tok: tok, room: 64, speaker: "slm"}
	}
	if err := open().ready(context.Background(), asked); !errors.Is(err, llm.ErrBudget) {
		t.Fatal(err)
	}
	server.last = 0
	if err := open().ready(context.Background(), asked); err != nil {
		t.Fatal(err)
	}
	if want := ProbeCalls + 2*fewestKnown; server.calls != want {
		t.Errorf("%d calls, want %d: no question twice", server.calls, want)
	}
	s := open()
	if err := s.ready(context.Background(), asked); err != nil || server.calls != ProbeCalls+2*fewestKnown || s.Steered().Note == "" {
		t.Errorf("what is known is not asked again: %v, %d calls, %+v", err, server.calls, s.Steered())
	}
}

func TestFar_OptionsAreScoredTokenByTokenWhereNothingIsEchoed(t *testing.T) {
	tok := taught(t, "a rule is a rule is a rule")
	numbered := func(id int32, l *llm.Likely) { l.ID = &id }
	server := &window{tok: tok, name: numbered, along: llm.ErrNoEcho}
	f, err := openFar(context.Background(), server, proxy.Model{Name: "kit", Tokenizer: tok}, 3, 300)
	if err != nil {
		t.Fatal(err)
	}
	before := server.calls
	got, err := f.Show(context.Background(), []proxy.Text{{Prompt: []int32{5}, Along: []int32{1, 40}}, {Prompt: []int32{6}}})
	if err != nil || server.calls != before+3 {
		t.Fatalf("%d calls: %v", server.calls-before, err)
	}
	if len(got[0]) != 2 || !slices.Equal(got[0][0].Tokens, []int32{0, 1, 2}) || !slices.Equal(got[0][1].Tokens, []int32{0, 1, 2, 40}) || got[0][1].LogProbs[3] != -9 || len(got[1]) != 1 {
		t.Errorf("%+v", got)
	}
	s := &steered{far: f, tok: tok}
	whole, part := Question{Text: "Is it?", Choices: []string{"a rule", "is"}}, Question{Text: "Is it?", Choices: []string{"a rule", "中"}}
	if err := s.scorable([]Question{{Text: "中"}, whole}); err != nil {
		t.Error(err)
	}
	if err := s.scorable([]Question{whole, part}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "中") {
		t.Error(err)
	}
	f.forces = false
	if err := s.scorable([]Question{whole}); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	server.next = func(int32) (llm.Likely, error) { other := int32(7); return llm.Likely{ID: &other, LogProb: -1}, nil }
	f.forces = true
	if _, err := f.Show(context.Background(), []proxy.Text{{Prompt: []int32{5}, Along: []int32{1}}}); !errors.Is(err, proxy.ErrVocabulary) {
		t.Errorf("another token: %v", err)
	}
}
