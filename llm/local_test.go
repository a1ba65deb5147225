package llm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/model/kernel"
	"slm/model/weights"
)

// toy is an engine whose tokens are bytes, but for the pair "xy", which is one.
type toy struct {
	room    int
	closed  bool
	batches []int                 // jobs of each call
	rooms   []int                 // of each completion, in tokens
	text    func(room int) string // of a completion; nil = three words
}

func (toy) encode(text string, chat bool) ([]int32, error) {
	var ids []int32
	if chat {
		ids = append(ids, 1000)
	}
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "xy") {
			ids = append(ids, 300)
			i++
		} else {
			ids = append(ids, int32(text[i]))
		}
	}
	return ids, nil
}

func (toy) decode(tokens []int32) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte(byte(t))
	}
	return b.String()
}

func (t *toy) context() int { return t.room }
func (t *toy) lines() bool  { return false }
func (t *toy) close() error { t.closed = true; return nil }

func (t *toy) score(_ context.Context, jobs []scoring) ([][]float64, error) {
	t.batches = append(t.batches, len(jobs))
	out := make([][]float64, len(jobs))
	for i, j := range jobs {
		for _, c := range j.continuations {
			sum := 0.0
			for _, id := range c {
				sum -= float64(id%7) + 1
			}
			out[i] = append(out[i], sum-float64(len(j.prefix)))
		}
	}
	return out, nil
}

func (t *toy) generate(_ context.Context, jobs []completion) ([][]int32, error) {
	var out [][]int32
	for _, j := range jobs {
		text := "one\ntwo\nthree"
		if t.text != nil {
			text = t.text(j.maxNew)
		}
		t.rooms = append(t.rooms, j.maxNew)
		ids, _ := toy{}.encode(text, false)
		out = append(out, ids[:min(j.maxNew, len(ids))])
	}
	return out, nil
}

func toyBox(t *testing.T, room int) (*Service, *toy) {
	t.Helper()
	e := &toy{room: room}
	l := &local{id: Info{Provider: Local, Model: "toy", Digest: "d", CanScore: true}, open: func() (engine, error) { return e, nil }}
	s, err := assemble(Default(), Options{}, l)
	if err != nil {
		t.Fatal(err)
	}
	return s, e
}

func TestLocal_PromptAndOptionAreEncodedAsTheTextStands(t *testing.T) {
	s, _ := toyBox(t, 100)
	got, err := s.Do(context.Background(), []Request{{Prompt: "ab", Options: []string{" c", " dd"}}, {Prompt: "abx", Options: []string{"y", "z"}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := got[0]; a.Scores[0].Tokens != 2 || a.Scores[1].Tokens != 3 || a.PromptTokens != 2+2+3 || a.Calls != 1 {
		t.Errorf("%+v", a)
	}
	// "abxy" is a, b, xy: the seam lies inside a token, so x counts for both options.
	if a := got[1]; a.Scores[0].Tokens != 1 || a.Scores[1].Tokens != 2 || a.PromptTokens != 2+1+2 {
		t.Errorf("across a seam: %+v", a)
	}
}

func TestLocal_CompletionsEndAtTheStopAndAtTheContext(t *testing.T) {
	s, e := toyBox(t, 100)
	got, err := s.Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 50, Stop: []string{"three", "\n"}}, {Prompt: "p", MaxTokens: 2, Chat: true}})
	if err != nil || got[0].Text != "one" || got[1].Text != "on" || got[1].PromptTokens != 2 || got[1].OutputTokens != 2 {
		t.Errorf("%+v %v", got, err)
	}
	long := strings.Repeat("a", 99)
	for _, r := range []Request{{Prompt: long, MaxTokens: 50}, {Prompt: long, Options: []string{" bb", " c"}}} {
		if _, err := s.Do(context.Background(), []Request{r}); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), "reads 100") {
			t.Errorf("%v", err)
		}
	}
	if err := s.Close(); err != nil || !e.closed {
		t.Error("the weights are still open", err)
	}
}

func TestLocal_BrokenWeightsAreToldWithTheirName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.gguf")
	if err := os.WriteFile(path, []byte("GGUF but not really"), 0o644); err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Model = "gguf:" + path
	if _, err := New(cfg, Options{Kernel: be}); !errors.Is(err, ErrNoWeights) || !strings.Contains(err.Error(), "broken.gguf") {
		t.Errorf("at once: %v", err)
	}
	s, err := New(cfg, Options{Kernel: be, Offline: true}) // offline the file is opened by nobody
	if err != nil {
		t.Fatal(err)
	}
	l := s.provider.(*local)
	for range 2 {
		if _, err := l.ask(context.Background(), Request{Prompt: "p", MaxTokens: 1}); !errors.Is(err, ErrNoWeights) || !strings.Contains(err.Error(), "broken.gguf") {
			t.Error(err)
		}
	}
}

func TestLocal_DamagedShippedModelIsRefusedAtOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "slm", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("half a download"), 0o644)); err != nil {
		t.Fatal(err)
	}
	_, err := New(Default(), Options{Getenv: func(name string) string { return map[string]string{"XDG_CACHE_HOME": dir}[name] }})
	if !errors.Is(err, ErrNoWeights) || !strings.Contains(err.Error(), "make setup") || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
}

// TestLocal_SmolLM2ReadsWhatItIsTold runs the real model where set-up has fetched it.
func TestLocal_SmolLM2ReadsWhatItIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("runs 135 M parameters")
	}
	journal := filepath.Join(t.TempDir(), "replies.wal")
	s, err := New(Default(), Options{Journal: journal})
	if errors.Is(err, ErrNoWeights) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	choices := []string{"The wolf pays nine silver coins to the miller.", "All boats are painted green before winter.", "Letters are sealed with yellow wax.", "Nobody may whistle on the bridge."}
	var qs []Question
	for _, c := range choices {
		qs = append(qs, Question{Knowledge: "Rule 4. " + c, Question: "What does rule 4 say?", Choices: choices})
	}
	got, err := Answer(context.Background(), s, Cloze, qs)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range got {
		if c.Index != i || c.Margin <= 0 || c.Tokens == 0 {
			t.Errorf("told rule %d: %+v", i, c)
		}
	}
	alone, err := assemble(Default(), Options{}, s.provider) // the same weights, and nothing stored
	if err != nil {
		t.Fatal(err)
	}
	one, err := Answer(context.Background(), alone, Cloze, qs[2:3])
	if err != nil || one[0].Scores[2] != got[2].Scores[2] || one[0].Scores[0] != got[2].Scores[0] {
		t.Errorf("asked alone: %v, among others: %v, %v", one, got[2], err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestLocal_Gemma3AnswersThoughItHasNoChatTemplate runs the real model where set-up has fetched it for those who accept its terms.
func TestLocal_Gemma3AnswersThoughItHasNoChatTemplate(t *testing.T) {
	if testing.Short() {
		t.Skip("runs 270 M parameters")
	}
	for _, format := range []string{Full, File} {
		cfg := Default()
		cfg.Model, cfg.Weights = "gguf:"+filepath.Join(weights.Fetched(os.Getenv), "gemma-3-270m-q4_k_m.gguf"), format
		s, err := New(cfg, Options{Journal: filepath.Join(t.TempDir(), "replies.wal")})
		if errors.Is(err, ErrNoWeights) || os.Getenv("SLM_NO_WEIGHTS") == "1" {
			t.Skip("Gemma 3 270M is not here; scripts/setup gemma shows its terms and fetches it")
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := Write(context.Background(), s, []string{"Rule 4. The wolf pays nine silver coins to the miller.\n\nQuestion: How many silver coins does the wolf pay?\nAnswer in one or two sentences."}, 40)
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if text := got[0].Text; !strings.Contains(strings.ToLower(text), "nine") || strings.Contains(strings.TrimSpace(text), "\n") || got[0].Cut {
			t.Errorf("%s: %+v", format, got[0])
		}
	}
}
