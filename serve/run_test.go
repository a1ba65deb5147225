package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slm/llm"
	"slm/pipeline/runtest"
	"slm/pipeline/session"
)

// opened is a server with the tiny run, behind its guard.
func opened(t *testing.T, folder string) (*Server, string) {
	t.Helper()
	s, h := serving(t, config(), nil)
	s.Put(tinyRun(t, s, folder))
	return s, h.URL
}

func tinyRun(t *testing.T, s *Server, folder string) *session.Session {
	t.Helper()
	run, err := session.Open(folder, session.Options{
		Kernel: runtest.Kernel(), Log: slog.New(slog.DiscardHandler), Now: time.Now, Guard: func(l *llm.Service) llm.Client { return s.Guard(l, nil) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestServer_ReplyIsTheSameAloneOrBesideOthers(t *testing.T) {
	folder := runtest.Tiny(t)
	var bodies []string
	for _, system := range []string{"checked", "rag3", "slm"} {
		for _, text := range []string{"What does section 2 of Apache-2.0 say?", "Who may distribute?"} {
			bodies = append(bodies, question(system, text, `"slm":{"choices":["Grant of copyright license","Nothing at all","A contributor"]}`))
		}
	}
	for _, text := range []string{"Apache", "The license", "A Contributor is"} {
		bodies = append(bodies, fmt.Sprintf(`{"model":"small-model","prompt":%q,"max_tokens":20,"echo":true,"logprobs":3}`, text))
	}
	path := func(body string) string {
		if strings.Contains(body, `"prompt"`) {
			return "/v1/completions"
		}
		return "/v1/chat/completions"
	}
	_, alone := opened(t, folder)
	want := make([]string, len(bodies))
	for i, b := range bodies {
		status, _, body := post(t, alone+path(b), b)
		if status != http.StatusOK {
			t.Fatal(b, status, body)
		}
		want[i] = transcript(body)
	}
	_, together := opened(t, runtest.Tiny(t)) // nothing is stored there
	var wg sync.WaitGroup
	for k := range 64 {
		wg.Go(func() {
			i := (k * 5) % len(bodies)
			if status, _, body := post(t, together+path(bodies[i]), bodies[i]); transcript(body) != want[i] {
				t.Errorf("%s: %d beside others\n%s\nalone\n%s", bodies[i], status, body, want[i])
			}
		})
	}
	wg.Wait()
}

func TestModels_AreWhatTheRunHas(t *testing.T) {
	_, url := opened(t, runtest.Tiny(t))
	resp, err := http.Get(url + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct{ Data []modelInfo }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range got.Data {
		names = append(names, m.ID)
		if m.SLM.Usual != (m.ID == "checked") {
			t.Errorf("%+v", m)
		}
	}
	for _, want := range []string{"llm", "slm", "blade", "cite", "rag3", "checked", "small-model", "black-box"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
	for _, no := range []string{"oracle", "shuffled", "overlap", "auto", "hybrid1", "embeddings"} {
		if slices.Contains(names, no) {
			t.Errorf("%s is among %v", no, names)
		}
	}
	if status, _, body := post(t, url+"/v1/embeddings", `{"model":"embeddings","input":"x"}`); status != http.StatusNotFound {
		t.Errorf("a run without an encoder: %d %s", status, body)
	}
	if status, _, body := post(t, url+"/v1/completions", `{"model":"black-box","prompt":"x"}`); status != http.StatusNotFound {
		t.Errorf("a black box without weights: %d %s", status, body)
	}
	status, _, body := post(t, url+"/v1/completions", `{"model":"small-model","prompt":"`+strings.Repeat("word ", 200)+`"}`)
	if _, code := failure(t, body); status != http.StatusBadRequest || code != "context_length_exceeded" {
		t.Errorf("over context: %d %s", status, body)
	}
	status, _, body = post(t, url+"/v1/chat/completions", question("blade", strings.Repeat("word ", 200), `"slm":{"knowledge":true}`))
	if _, code := failure(t, body); status != http.StatusBadRequest || code != "context_length_exceeded" {
		t.Errorf("a question over context: %d %s", status, body)
	}
}

func TestWatch_NewerRunAnswersWithoutAFailedRequest(t *testing.T) {
	first := &fake{stamp: "one"}
	s, h := serving(t, config(), first)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if status, _, got := post(t, h.URL+"/v1/chat/completions", question("auto", "Why?")); status != http.StatusOK {
					t.Error(status, got)
				}
			}
		})
	}
	var now atomic.Pointer[string]
	say := func(stamp string) { now.Store(&stamp) }
	say("one")
	var opens atomic.Int32
	runs := make(chan *fake, 10)
	wg.Go(func() {
		s.Watch(ctx, time.Millisecond, func() string { return *now.Load() }, func(_ context.Context, old Run) (Run, error) {
			if opens.Add(1); *now.Load() == "broken" {
				return nil, errors.New("damaged")
			}
			if old.Stamp() != "one" {
				t.Error("the old one is", old.Stamp())
			}
			run := &fake{stamp: *now.Load()}
			runs <- run
			return run, nil
		})
	})
	say("broken")
	for opens.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	say("") // it is being made
	say("two")
	second := <-runs
	for first.closed.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	cancel()
	wg.Wait()
	if opens.Load() != 2 || first.closed.Load() != 1 || second.closed.Load() != 0 {
		t.Errorf("opened %d times, closed %d and %d times", opens.Load(), first.closed.Load(), second.closed.Load())
	}
}

// TestServer_WhereTheLLMWritesNoTextTheCorpusAnswers asks the tiny run, whose black box only chooses among options.
func TestServer_WhereTheLLMWritesNoTextTheCorpusAnswers(t *testing.T) {
	_, at := opened(t, runtest.Tiny(t))
	url := at + "/v1/chat/completions"
	if status, _, body := post(t, url, question("default", "What does section 2 of the MPL-2.0 license say?")); status != http.StatusOK || !strings.Contains(body, `"degraded":"`+noText+`"`) || !strings.Contains(body, "License Grants") {
		t.Errorf("%d: %s", status, body)
	}
	if status, _, body := post(t, url, question("llm", "What does section 2 of the MPL-2.0 license say?")); status != http.StatusBadRequest || !strings.Contains(body, "send slm.choices") {
		t.Errorf("%d: %s", status, body)
	}
}
