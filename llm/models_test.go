package llm

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/kernel"
	"slm/model/weights"
	"slm/model/weights/weightstest"
)

func init() { weights.Register(weightstest.Toy) }

// asked answers a question by likelihood and one by letter with a small model in some format.
func asked(t *testing.T, f weights.Format, precision string) ([]Reply, Info, error) {
	t.Helper()
	m, err := weightstest.Model(11)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := f.Write(filepath.Join(dir, "small"), m); err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Model, cfg.Weights = f.Scheme+":small", precision
	s, err := New(cfg, Options{Kernel: be, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	replies, err := s.Do(context.Background(), []Request{
		{Prompt: "the rule", Options: []string{" of the town", " of the sea"}}, {Prompt: "Which town?", MaxTokens: 8, Chat: true},
	})
	return replies, s.Info(), err
}

func TestLocal_EveryFormatOfWeightsGivesTheSameReplies(t *testing.T) {
	var first []Reply
	digests, written := map[string]string{}, 0
	for _, f := range weights.Formats() {
		if f.Write == nil || f.Adapts { // trained runs are read where they are, adapters on a model
			continue
		}
		written++
		got, info, err := asked(t, f, Full)
		if err != nil {
			t.Fatal(f.Scheme, err)
		}
		digests[info.Digest] = f.Scheme
		if first == nil {
			first = got
		}
		if !slices.Equal(got[0].Scores, first[0].Scores) || got[1].Text != first[1].Text || got[0].Scores[0] == got[0].Scores[1] {
			t.Errorf("%s: %+v, want %+v", f.Scheme, got, first)
		}
	}
	if len(digests) != written || len(digests) < 2 {
		t.Errorf("files that differ have digests %v", digests)
	}
}

func TestLocal_FormatWithoutBlocksIsRefusedWithWeightsFile(t *testing.T) {
	if _, _, err := asked(t, weightstest.Toy, File); !errors.Is(err, ErrNoWeights) || !strings.Contains(err.Error(), "use weights: full") {
		t.Error(err)
	}
	if _, _, err := asked(t, weightstest.Toy, Int8); err != nil {
		t.Error(err)
	}
}

func TestLocal_ModelWithoutChatTemplateContinuesMessagesToTheLinesEnd(t *testing.T) {
	m, err := weightstest.Model(11)
	if err != nil {
		t.Fatal(err)
	}
	m.ChatTemplate = ""
	path := filepath.Join(t.TempDir(), "base")
	if err := weightstest.Toy.Write(path, m); err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	ref, _, err := weights.Parse("toy:" + path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := loadEngine(localModel{Ref: ref}, be, Full)
	if err != nil {
		t.Fatal(err)
	}
	e := got.(*loaded)
	defer func() { _ = e.close() }()
	for message, want := range map[string]string{"Which town? \n": "Which town?\nAnswer:", "Which town?\nAnswer:": "Which town?\nAnswer:"} {
		c, err := begin(e, Request{Prompt: message, MaxTokens: 3, Chat: true})
		if err != nil || !c.line || e.decode(c.prompt) != want {
			t.Errorf("%q: %q, %+v, %v", message, e.decode(c.prompt), c, err)
		}
		newline := e.tok.Encode("\n")[0]
		if !slices.Contains(e.until(c), newline) || slices.Contains(e.until(completion{}), newline) {
			t.Errorf("stops are %v, of plain text %v", e.until(c), e.until(completion{}))
		}
	}
}

func TestConfig_ReferenceIsThatOfWeightsInThisProcess(t *testing.T) {
	for _, c := range []struct {
		provider ProviderName
		model    string
		want     bool
	}{{Local, "gguf:a", true}, {Local, "toy:a", true}, {Local, "gguf:", false}, {Local, "smollm2-135m-instruct", false}, {OpenAI, "gguf:a", false}} {
		if ref, ok := (Config{Provider: c.provider, Model: c.model}).Reference(); ok != c.want || ok && ref.String() != c.model {
			t.Errorf("%+v: %v %v", c, ref, ok)
		}
	}
}
