package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"slm/result"
)

// serveLetters is a chat server that answers with the option whose words stand in the knowledge, unless odd answers in its own way.
func serveLetters(t *testing.T, odd func(prompt string, room int) (status int, body string)) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			MaxTokens int `json:"max_tokens"`
			Messages  []struct{ Content string }
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil || len(body.Messages) != 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		prompt := body.Messages[0].Content
		if status, text := odd(prompt, body.MaxTokens); status != 0 {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, text)
			return
		}
		knowledge, options, letter := prompt, prompt[max(0, strings.LastIndex(prompt, "Question: ")):], "A"
		for line := range strings.Lines(options) {
			if l, text, ok := strings.Cut(strings.TrimSpace(line), ". "); ok && len(l) == 1 && strings.Count(knowledge, text[:min(len(text), 20)]) > 1 {
				letter = l
			}
		}
		_, _ = fmt.Fprintf(w, `{"model":"m","choices":[{"message":{"content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1}}`, letter)
	}))
	t.Cleanup(s.Close)
	return s
}

// trainByLetter trains a small recipe whose black box is a server.
func trainByLetter(t *testing.T, dir, url string, more ...string) outcome {
	args := append(append([]string{"train", "tiny", "-q"}, strings.Fields(lesser)...), "-s", "llm.provider=openai", "-s", "llm.model=m", "-s", "llm.url="+url+"/v1", "-s", "llm.answer=letter", "-s", "llm.retries=0")
	return slm(t, dir, append(args, more...)...)
}

func TestTrain_OneFilteredQuestionIsCountedAsRefusedAndTheRunGoesOn(t *testing.T) {
	summary := func(dir string) string {
		files, err := filepath.Glob(filepath.Join(dir, "runs", "tiny-*", "eval", result.SummaryFile))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		return files[0]
	}
	refused := "\x00"
	s := serveLetters(t, func(prompt string, _ int) (int, string) {
		if !strings.Contains(prompt, refused) {
			return 0, ""
		}
		return 400, `{"error":{"message":"The response was filtered","code":"content_filter"}}`
	})
	plain, dir := t.TempDir(), t.TempDir()
	if o := trainByLetter(t, plain, s.URL); o.code != exitDone {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	_, rows, err := result.Read(filepath.Dir(summary(plain)))
	if err != nil {
		t.Fatal(err)
	}
	refused = rows[0].Question
	if o := trainByLetter(t, dir, s.URL); o.code != exitDone {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	if sum, rows, err := result.Read(filepath.Dir(summary(dir))); err != nil || sum.Systems[0].NoAnswer["refused"] != 1 || rows[0].NoAnswer != "refused" || rows[0].Picked != -1 || rows[1].NoAnswer != "" {
		t.Errorf("%+v %+v %v", sum.Systems[0], rows[0], err)
	}
	if text := readText(t, summary(plain)); strings.Contains(text, "no_answer") {
		t.Error("a run with all answers speaks of no answers")
	}
	if page := readText(t, filepath.Join(filepath.Dir(filepath.Dir(summary(dir))), "report.html")); !strings.Contains(page, "1 refused") {
		t.Error("report.html says nothing of it")
	}
	if o := slm(t, dir, "verify", "tiny"); o.code != exitDone {
		t.Errorf("verify: exit %d: %s", o.code, o.err)
	}
	s.Close()
	if o := slm(t, dir, "reproduce", "tiny"); o.code != exitDone {
		t.Errorf("reproduce without the server: exit %d: %s%s", o.code, o.out, o.err)
	}
}

func TestTrain_ThinkingWithoutEndStopsItAndMoreRoomGoesOn(t *testing.T) {
	s := serveLetters(t, func(_ string, room int) (int, string) {
		if room > 5000 {
			return 0, ""
		}
		return 200, `{"model":"m","choices":[{"message":{"content":"","reasoning_content":"Let us see what A says"},"finish_reason":"length"}]}`
	})
	dir := t.TempDir()
	o := trainByLetter(t, dir, s.URL)
	if o.code != exitLLM || !strings.Contains(o.err, "too many questions without an answer") || !strings.Contains(o.err, `is unfinished: "<think>Let us see what A says"`) {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	if o := trainByLetter(t, dir, s.URL, "-s", "llm.max_tokens=8192"); o.code != exitDone {
		t.Errorf("with more room: exit %d: %s", o.code, o.err)
	}
}
