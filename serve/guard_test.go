package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"slm/llm"
)

// flaky is an LLM behind HTTP that can be switched off.
func flaky(t *testing.T) (service *llm.Service, off *atomic.Bool, asked *atomic.Int32) {
	t.Helper()
	off, asked = &atomic.Bool{}, &atomic.Int32{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if off.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"model":"toy","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"It has."}}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}`)
	}))
	t.Cleanup(h.Close)
	cfg := llm.Default()
	cfg.Provider, cfg.Model, cfg.URL, cfg.Retries, cfg.Timeout, cfg.Answer = llm.OpenAI, "toy", h.URL+"/v1", 0, 5*time.Second, llm.Letter
	service, err := llm.New(cfg, llm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	return service, off, asked
}

func ask(text string) []llm.Request { return []llm.Request{{Prompt: text, MaxTokens: 20, Chat: true}} }

func TestGuard_LeavesAnLLMThatFailsAlone(t *testing.T) {
	service, off, asked := flaky(t)
	ctx := context.Background()
	var told []string
	g := newGuard(llm.Budget{}, time.Minute, 50*time.Millisecond, time.Now, func(outcome string) { told = append(told, outcome) })
	c := g.before(service, nil)
	if _, err := c.Do(ctx, ask("kept")); err != nil {
		t.Fatal(err)
	}
	off.Store(true)
	for i := range mostFailures {
		if _, err := c.Do(ctx, ask(fmt.Sprint("lost ", i))); !errors.Is(err, llm.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	before := asked.Load()
	if _, err := c.Do(ctx, ask("left")); !errors.Is(err, llm.ErrUnavailable) || asked.Load() != before || !g.open() {
		t.Errorf("an open circuit: %v, asked %d times", err, asked.Load()-before)
	}
	if _, err := c.Do(ctx, ask("kept")); err != nil {
		t.Errorf("what is stored: %v", err)
	}
	off.Store(false)
	time.Sleep(60 * time.Millisecond)
	if _, err := c.Do(ctx, ask("left")); err != nil || g.open() {
		t.Errorf("after a while: %v", err)
	}
	want := []string{"answered", "failed", "failed", "failed", "failed", "stored", "answered"}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestGuard_KeepsTheDaysBudget(t *testing.T) {
	service, _, _ := flaky(t)
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 23, 0, 0, 0, time.UTC)
	g := newGuard(llm.Budget{Calls: 2, USD: 1}, time.Minute, time.Minute, func() time.Time { return now }, func(string) {})
	c := g.before(service, &llm.Price{Input: 10, Output: 100})
	for _, text := range []string{"one", "two"} {
		if _, err := c.Do(ctx, ask(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Do(ctx, ask("three")); !errors.Is(err, errDay) {
		t.Errorf("a third call: %v", err)
	}
	if _, err := c.Do(ctx, ask("one")); err != nil {
		t.Errorf("what is stored costs nothing: %v", err)
	}
	if g.used.Calls != 2 || g.used.PromptTokens != 20 || g.used.OutputTokens != 4 || math.Abs(g.used.USD-(20*10+4*100)/1e6) > 1e-12 {
		t.Errorf("used %+v", g.used)
	}
	now = now.Add(2 * time.Hour)
	if _, err := c.Do(ctx, ask("three")); err != nil || g.used.Calls != 1 {
		t.Errorf("the next day: %v, %+v", err, g.used)
	}
}

func TestGuard_WaitsForTheLLMOnlySoLong(t *testing.T) {
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does it hear that the client is gone
		<-r.Context().Done()
	}))
	defer h.Close()
	cfg := llm.Default()
	cfg.Provider, cfg.Model, cfg.URL, cfg.Answer = llm.OpenAI, "toy", h.URL+"/v1", llm.Letter
	service, err := llm.New(cfg, llm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(llm.Budget{}, 10*time.Millisecond, time.Minute, time.Now, func(string) {})
	if _, err := g.before(service, nil).Do(context.Background(), ask("one")); !errors.Is(err, llm.ErrUnavailable) || degraded(err) == "" {
		t.Error(err)
	}
	if err := service.Close(); err != nil {
		t.Error(err)
	}
}
