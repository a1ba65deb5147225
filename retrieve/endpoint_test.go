package retrieve

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"slm/llm"
)

// lengthServer is a server on the loopback address whose vectors tell a text's length; of longer texts than 20 they have another dimension.
func lengthServer(t *testing.T, calls *atomic.Int64) llm.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		var body struct {
			Model string
			Input []string
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var data []map[string]any
		for i, text := range body.Input {
			v := []float64{float64(len(text)), 2, 1}
			if len(text) > 20 {
				v = v[:2]
			}
			data = append(data, map[string]any{"index": i, "embedding": v})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"model": body.Model, "data": data})
	}))
	t.Cleanup(s.Close)
	c := llm.Default()
	c.Provider, c.Model, c.URL, c.Retries = llm.Embeddings, "lengths", s.URL+"/v1", 0
	return c
}

func TestEndpoint_VectorsComeOverTheNetworkOnceAndThenFromTheJournal(t *testing.T) {
	var calls atomic.Int64
	cfg, journal := lengthServer(t, &calls), filepath.Join(t.TempDir(), "v.wal")
	texts := []string{"a", "", "bcd"}
	var first [][]float32
	for round := range 2 {
		client, err := llm.New(cfg, llm.Options{Journal: journal, Offline: round > 0})
		if err != nil {
			t.Fatal(err)
		}
		e, err := OpenEndpoint(context.Background(), "server", client)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Sections(context.Background(), texts)
		if err != nil || e.Dim() != 3 || e.Name() != "server" {
			t.Fatalf("%v, dimension %d", err, e.Dim())
		}
		asked, err := e.Questions(context.Background(), texts[2:])
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		for j, want := range []float64{3 / math.Sqrt(14), 2 / math.Sqrt(14), 1 / math.Sqrt(14)} {
			if math.Abs(float64(got[2][j])-want) > 1e-6 || asked[0][j] != got[2][j] || got[2][j] != first[2][j] {
				t.Errorf("round %d, value %d: %g, as a question %g, want %g", round, j, got[2][j], asked[0][j], want)
			}
		}
		if err := errors.Join(e.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	}
	if calls.Load() != 2 { // the probe, and the texts
		t.Errorf("%d calls", calls.Load())
	}
}

func TestEndpoint_OtherDimensionOrProviderIsRefused(t *testing.T) {
	var calls atomic.Int64
	client, err := llm.New(lengthServer(t, &calls), llm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	e, err := OpenEndpoint(context.Background(), "server", client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Sections(context.Background(), []string{"a text of more than twenty characters"}); !errors.Is(err, llm.ErrReply) {
		t.Error(err)
	}
	cfg := llm.Default()
	cfg.Provider, cfg.Model = llm.Overlap, "character-trigrams"
	box, err := llm.New(cfg, llm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	if _, err := OpenEndpoint(context.Background(), "server", box); !errors.Is(err, llm.ErrRequest) {
		t.Error(err)
	}
}
