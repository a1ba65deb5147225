package serve

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/data/redact"
	"slm/llm"
	"slm/pipeline/runtest"
	"slm/pipeline/session"
	"slm/stages"
	"slm/stages/domain"
)

// steeredRun is the tiny run whose LLM is its own small model before it was tuned, in this process.
func steeredRun(t *testing.T) (folder string) {
	t.Helper()
	folder = runtest.Tiny(t)
	tok, err := os.ReadFile(filepath.Join(folder, stages.Data, domain.TokenizerFile))
	if err != nil {
		t.Fatal(err)
	}
	box := filepath.Join(t.TempDir(), "dp")
	if err := os.CopyFS(box, os.DirFS(filepath.Join(folder, stages.DP))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(box, domain.TokenizerFile), tok, 0o600); err != nil {
		t.Fatal(err)
	}
	resetRecipe(t, folder, "{provider: local, model: \"run:"+box+"\"}", "{alpha: 1}")
	return folder
}

// resetRecipe gives a run's recipe another LLM, and other settings of proxy.
func resetRecipe(t *testing.T, folder, llm, proxy string) {
	t.Helper()
	path := filepath.Join(folder, "recipe.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	skip := "" // lines that begin so
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "llm:"):
			skip = " "
		case strings.HasPrefix(line, "  proxy:"):
			out.WriteString("  proxy: " + proxy + "\n")
			skip = "    "
		case skip == "" || !strings.HasPrefix(line, skip):
			skip = ""
			out.WriteString(line)
		}
	}
	out.WriteString("llm: " + llm + "\n")
	if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestServer_OffersProxyWhereTheLLMIsInThisProcess(t *testing.T) {
	s, h := serving(t, config(), nil)
	run := tinyRun(t, s, steeredRun(t))
	s.Put(run)
	resp, err := http.Get(h.URL + "/v1/models/proxy")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "its logits moved by what tuning has changed in the small model") {
		t.Errorf("%d: %s", resp.StatusCode, body)
	}
	const text = "Who may distribute?"
	url := h.URL + "/v1/chat/completions"
	_, _, whole := post(t, url, question("proxy", text, `"max_tokens":20`))
	var got chatResponse
	if err := json.Unmarshal([]byte(whole), &got); err != nil || len(got.Choices) != 1 {
		t.Fatal(err, whole)
	}
	_, _, streamed := post(t, url, question("proxy", text, `"max_tokens":20,"stream":true`))
	if c := got.Choices[0]; c.Message.Content == "" || got.Usage.CompletionTokens == 0 || strings.Join(chunks(t, streamed), "") != c.Message.Content || !strings.HasSuffix(streamed, "data: [DONE]\n\n") {
		t.Errorf("streamed %s, else %s", streamed, whole)
	}
	want, err := run.Ask(context.Background(), session.Question{Text: text, System: "proxy", MaxTokens: 20})
	if err != nil || want.Reply != got.Choices[0].Message.Content {
		t.Errorf("ask: %v, %+v", err, want)
	}
	scores := func(system string) []float64 {
		_, _, body := post(t, url, question(system, text, `"slm":{"choices":["Grant","Nobody","A user"]}`))
		var r chatResponse
		if err := json.Unmarshal([]byte(body), &r); err != nil || r.SLM == nil {
			t.Fatal(err, body)
		}
		return r.SLM.Scores
	}
	steered, small, llm := scores("proxy"), scores("slm"), scores("llm")
	for i := range small {
		if d := steered[i] - small[i]; d > 1e-4 || d < -1e-4 {
			t.Errorf("the LLM is the untuned model, so that proxy is the small model: %v, %v", steered, small)
		}
	}
	if len(llm) != 3 || llm[0] == steered[0] {
		t.Errorf("llm %v, proxy %v", llm, steered)
	}
}

func TestServer_ListsModelsWithoutLoadingTheLLM(t *testing.T) {
	s, h := serving(t, config(), nil)
	run := tinyRun(t, s, steeredRun(t))
	if err := Warm(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	s.Put(run)
	resp, err := http.Get(h.URL + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	body := string(text)
	if _, loaded := run.Stats()[BlackBox]; loaded || !strings.Contains(body, `"id":"proxy"`) || strings.Count(body, `"endpoints":["/v1/chat/completions","/v1/completions"]`) != 1 {
		t.Errorf("loaded %t: %s", loaded, body)
	}
	if status, _, got := post(t, h.URL+"/v1/completions", `{"model":"black-box","prompt":"A","max_tokens":1}`); status != http.StatusOK {
		t.Errorf("%d: %s", status, got)
	}
	if _, loaded := run.Stats()[BlackBox]; !loaded {
		t.Error("a completion has loaded nothing")
	}
}

func TestServer_SaysWhyItDoesNotOfferProxyInTheWordsOfAsk(t *testing.T) {
	s, h := serving(t, config(), nil)
	run := tinyRun(t, s, runtest.Tiny(t))
	s.Put(run)
	_, err := run.Ask(context.Background(), session.Question{Text: "Why?", System: "proxy"})
	if err == nil || !strings.Contains(err.Error(), "the LLM is not in this process") {
		t.Fatal(err)
	}
	why := err.Error()
	status, _, body := post(t, h.URL+"/v1/chat/completions", question("proxy", "Why?"))
	if _, code := failure(t, body); status != http.StatusNotFound || code != "model_not_found" || !strings.Contains(body, why) {
		t.Errorf("%d: %s, want %q", status, body, why)
	}
	resp, err := http.Get(h.URL + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Data []modelInfo
		SLM  struct{ Without []lack }
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, l := range got.SLM.Without {
		found = found || l == lack{"proxy", why}
	}
	if !found {
		t.Errorf("%+v", got.SLM)
	}
}

// farRun is the tiny run whose LLM is the one of steeredRun, behind a server.
func farRun(t *testing.T, url, proxy, more string) *session.Session {
	t.Helper()
	folder := runtest.Tiny(t)
	resetRecipe(t, folder, "{provider: openai, url: \""+url+"/v1\", model: black-box, "+more+"}", proxy)
	s, _ := serving(t, config(), nil)
	return tinyRun(t, s, folder)
}

func TestServer_ProxyOverTheWireIsThatOfThisProcess(t *testing.T) {
	s, h := serving(t, config(), nil)
	near := tinyRun(t, s, steeredRun(t))
	s.Put(near)
	far := farRun(t, h.URL, "{alpha: 1, top: 320}", "budget: {calls: 1000}")
	defer func() { _ = far.Close() }()
	if names, _, err := far.Systems(context.Background()); err != nil || !slices.Contains(names, "proxy") {
		t.Fatalf("%v, %v", names, err)
	}
	ask := func(run *session.Session, system string, choices ...string) *session.Answer {
		t.Helper()
		a, err := run.Ask(context.Background(), session.Question{Text: "Who may distribute?", System: system, Choices: choices, MaxTokens: 12})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	options := []string{"Grant", "Nobody", "A user"}
	here, there, small := ask(near, "proxy", options...), ask(far, "proxy", options...), ask(far, "slm", options...)
	for i := range options {
		if math.Abs(here.Scores[i]-there.Scores[i]) > 1e-4 || math.Abs(small.Scores[i]-there.Scores[i]) > 1e-4 {
			t.Errorf("scores here %v, over the wire %v, of the small model %v", here.Scores, there.Scores, small.Scores)
		}
	}
	written, told := ask(near, "proxy"), ask(far, "proxy")
	if written.Reply == "" || told.Reply != written.Reply || told.Cut != written.Cut {
		t.Errorf("over the wire %q, here %q", told.Reply, written.Reply)
	}
	if told.Used.Calls != 12 || written.Used.Calls != 1 {
		t.Errorf("calls: %d over the wire, %d here", told.Used.Calls, written.Used.Calls)
	}
}

func TestServer_ProxyOverTheWireGoesOnWhereTheBudgetEndedIt(t *testing.T) {
	s, h := serving(t, config(), nil)
	s.Put(tinyRun(t, s, steeredRun(t)))
	q := session.Question{Text: "Who may distribute?", System: "proxy", MaxTokens: 12}
	short := farRun(t, h.URL, "{alpha: 1, top: 20, tau: 1}", "budget: {calls: 10}")
	if _, err := short.Ask(context.Background(), q); !errors.Is(err, llm.ErrBudget) {
		t.Fatal(err)
	}
	folder := short.Folder
	if err := short.Close(); err != nil {
		t.Fatal(err)
	}
	on, err := session.Open(folder, session.Options{Kernel: runtest.Kernel(), Log: slog.New(slog.DiscardHandler), Now: time.Now, Set: []string{"llm.budget.calls=17"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := on.Ask(context.Background(), q)
	if err != nil || a.Used.Calls != 12+5 { // with those that compare the vocabularies, none twice
		t.Fatalf("%v, %+v", err, a)
	}
	if err := on.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServer_WherePersonalDataAreHiddenNoTokensAreLookedAt(t *testing.T) {
	hide, err := redact.New([]string{"email"})
	if err != nil {
		t.Fatal(err)
	}
	for proxy, why := range map[string]string{"{alpha: 1}": "personal data are hidden from the LLM", "{alpha: 1, samples: 2}": ""} {
		folder := steeredRun(t)
		resetRecipe(t, folder, llmOf(t, folder), proxy)
		run, err := session.Open(folder, session.Options{Kernel: runtest.Kernel(), Log: slog.New(slog.DiscardHandler), Now: time.Now, Redact: hide})
		if err != nil {
			t.Fatal(err)
		}
		a, err := run.Ask(context.Background(), session.Question{Text: "Who is a@b.example?", System: "proxy", Choices: []string{"A user", "Nobody"}})
		if why == "" && (err != nil || len(a.Scores) != 2) || why != "" && (err == nil || !strings.Contains(err.Error(), why)) {
			t.Errorf("%s: %v", proxy, err)
		}
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	}
}

// llmOf is the LLM of a run's recipe, as it stands there.
func llmOf(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "recipe.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, of, _ := strings.Cut(string(text), "\nllm: ")
	return strings.TrimSpace(of)
}
