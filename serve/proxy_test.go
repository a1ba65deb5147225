package serve

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	resetRecipe(t, folder, "{provider: local, model: \"run:"+box+"\"}", "    alpha: 1.0\n")
	return folder
}

// resetRecipe gives a run's recipe another LLM, and another alpha of proxy.
func resetRecipe(t *testing.T, folder, llm, alpha string) {
	t.Helper()
	path := filepath.Join(folder, "recipe.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	skip := false
	for line := range strings.Lines(string(text)) {
		if line == "    alpha: 0.0\n" {
			line = alpha
		}
		if skip = strings.HasPrefix(line, "llm:") || skip && strings.HasPrefix(line, " "); !skip {
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
