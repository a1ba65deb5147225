package serve

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"slm/pipeline/runtest"
	"slm/pipeline/session"
)

func TestServer_LLMThatIsDownIsReplacedByTheCorpusAndComesBack(t *testing.T) {
	var off atomic.Bool
	var prompts atomic.Pointer[string]
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := string(body)
		prompts.Store(&text)
		if off.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"model":"far","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"A"}}],"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}}`)
	}))
	defer far.Close()
	r, err := runtest.Load("llm={provider: openai, model: far, url: \""+far.URL+"/v1\", answer: letter, retries: 0, budget: {calls: 10000}, price: {input: 1, output: 2}}", "stages.kit=off", "stages.bpo=off")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runtest.Train(context.Background(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg := config()
	cfg.Alone = 30 * time.Millisecond
	s, h := serving(t, cfg, nil)
	s.Put(tinyRun(t, s, folder))
	url := h.URL + "/v1/chat/completions"
	ask := func(model string, n int) string {
		t.Helper()
		_, _, body := post(t, url, question(model, "What does section 2 of Apache-2.0 license"+strings.Repeat(" really", n)+" say?"))
		return body
	}
	if body := ask("checked", 0); !strings.Contains(body, `"content":"A"`) || !strings.Contains(body, `"usd":0.00012`) || !strings.Contains(body, `"total_tokens":110`) {
		t.Error(body)
	}
	off.Store(true)
	for n := range mostFailures {
		if body := ask("checked", 1+n); !strings.Contains(body, `"degraded":"the language model gives no answer"`) || !strings.Contains(body, `"content":"Grant of`) {
			t.Error(body)
		}
	}
	if body := ask("llm", 4); !strings.Contains(body, `"code":"llm_unavailable"`) {
		t.Error(body)
	}
	if body := ask("checked", 0); !strings.Contains(body, `"content":"A"`) {
		t.Errorf("a stored reply: %s", body)
	}
	resp, err := http.Get(h.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("slm_degraded_total %d", mostFailures), `slm_llm_requests_total{outcome="stored"} 1`, `slm_llm_requests_total{outcome="failed"} 4`, `slm_tokens_total{kind="written",model="checked"} 20`,
		`slm_requests_total{client="local",endpoint="/v1/chat/completions",model="llm",status="503"} 1`, "slm_active_requests 0", "slm_circuit_open ",
	} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	off.Store(false)
	time.Sleep(2 * cfg.Alone)
	if body := ask("llm", 4); !strings.Contains(body, `"content":"A"`) {
		t.Errorf("it is back: %s", body)
	}
	old := s // a newer session of the same folder shares what was bought
	run, done, _ := old.runs.get()
	again, err := run.(*session.Session).Again()
	done()
	if err != nil {
		t.Fatal(err)
	}
	s.Put(again)
	off.Store(true)
	if body := ask("llm", 4); !strings.Contains(body, `"content":"A"`) {
		t.Errorf("after a reload: %s", body)
	}
}
