package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// opened is a service on a fake server that remembers how long it was told to wait instead of waiting.
type opened struct {
	*Service
	mu    sync.Mutex
	waits []time.Duration
}

func openBox(t *testing.T, cfg Config, opt Options) *opened {
	t.Helper()
	o, err := tryBox(cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func tryBox(cfg Config, opt Options) (*opened, error) {
	o := &opened{}
	opt.Getenv = func(name string) string {
		if name == "TEST_LLM_KEY" {
			return testKey
		}
		return ""
	}
	opt.Sleep = func(ctx context.Context, d time.Duration) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.waits = append(o.waits, d)
		return ctx.Err()
	}
	var err error
	o.Service, err = New(cfg, opt)
	return o, err
}

func someQuestions(n int) []Question {
	qs := make([]Question, n)
	for i := range qs {
		qs[i] = Question{Knowledge: "Known.", Question: fmt.Sprintf("What is %d?", i), Choices: []string{"one thing", "another", "none", "all of it"}}
	}
	return qs
}

func TestRecordedRepliesOfARealServerAreUnderstood(t *testing.T) {
	recorded := func(name string, status int) *httptest.Server {
		data, err := os.ReadFile(filepath.Join("testdata", "openai", name))
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write(data)
		}))
		t.Cleanup(s.Close)
		return s
	}
	score := Request{Prompt: "Question: What is the capital of France?\nAnswer:", Options: []string{" Paris, naïve"}}
	for _, c := range []struct {
		file   string
		status int
		req    Request
		want   Reply
		err    error
	}{
		// Recorded from llama-cpp-python 0.3.36 with SmolLM2-135M-Instruct; score with a start token, score_shifted without one.
		{"score.json", 200, score, Reply{Scores: []Score{{-3.124159336090088 - 1.812728762626648 - 14.933609962463379 - 2.2213134765625, 4}}, PromptTokens: 17, OutputTokens: 1}, nil},
		{"score_shifted.json", 200, score, Reply{}, ErrReply},
		{"text.json", 200, Request{Prompt: "The capital of France is", MaxTokens: 4}, Reply{Text: " Paris.\n-", PromptTokens: 5, OutputTokens: 4}, nil},
		{"chat.json", 200, Request{Prompt: "Say A.", MaxTokens: 4, Chat: true}, Reply{Text: `A: "S`, PromptTokens: 33, OutputTokens: 4}, nil},
		{"400.json", 400, score, Reply{}, ErrRequest},
		{"401.json", 401, score, Reply{}, ErrAuth},
	} {
		cfg := (&fakeServer{Server: recorded(c.file, c.status)}).config()
		got, err := openBox(t, cfg, Options{}).Do(context.Background(), []Request{c.req})
		if c.err != nil {
			if !errors.Is(err, c.err) {
				t.Errorf("%s: %v", c.file, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if got[0].Text != c.want.Text || got[0].PromptTokens != c.want.PromptTokens || got[0].OutputTokens != c.want.OutputTokens || len(got[0].Scores) != len(c.want.Scores) {
			t.Errorf("%s: %+v", c.file, got[0])
		}
		for i, s := range c.want.Scores {
			if got[0].Scores[i].Tokens != s.Tokens || math.Abs(got[0].Scores[i].LogProb-s.LogProb) > 1e-9 {
				t.Errorf("%s: %+v", c.file, got[0].Scores)
			}
		}
	}
}

func TestFaultsAreWaitedOutWithoutLosingOrRepeatingAReply(t *testing.T) {
	qs := someQuestions(3)
	quiet, err := Answer(context.Background(), openBox(t, serve(t).config(), Options{}), Cloze, qs)
	if err != nil {
		t.Fatal(err)
	}
	status := func(code int, header ...string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(`{"error":{"message":"no","type":"server_error","code":null}}`))
		}
	}
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write([]byte(`{"choices":[{"text":"ha`))
	}
	hang := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			time.Sleep(500 * time.Millisecond)
			_ = conn.Close()
		}
	}
	for name, c := range map[string]struct {
		fault func(http.ResponseWriter)
		wait  time.Duration // at least
	}{
		"429 with seconds":        {status(429, "Retry-After", "7"), 7 * time.Second},
		"429 with a date":         {status(429, "Retry-After", "Sun, 22 Nov 2026 03:00:20 GMT", "Date", "Sun, 22 Nov 2026 03:00:00 GMT"), 20 * time.Second},
		"429 with a date gone by": {status(429, "Retry-After", "Sun, 22 Nov 2026 02:00:20 GMT", "Date", "Sun, 22 Nov 2026 03:00:00 GMT"), 0},
		"429 with nothing":        {status(429), 0},
		"500":                     {status(500), 0},
		"503 with seconds":        {status(503, "Retry-After", "3"), 3 * time.Second},
		"408":                     {status(408), 0},
		"broken JSON":             {func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"choices":[{"text":}`)) }, 0},
		"no JSON":                 {func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>busy</html>")) }, 0},
		"no choices":              {func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"choices":[]}`)) }, 0},
		"body cut half way":       {cut, 0},
		"time-out":                {hang, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.fault = func(n int, _ string, w http.ResponseWriter) bool {
				if n%3 != 1 {
					return false
				}
				c.fault(w)
				return true
			}
			cfg := f.config()
			cfg.Timeout = 400 * time.Millisecond
			if name != "time-out" {
				cfg.Timeout = 10 * time.Second
			}
			box := openBox(t, cfg, Options{Journal: filepath.Join(t.TempDir(), "replies.wal")})
			got, err := Answer(context.Background(), box, Cloze, qs)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(quiet) {
				t.Errorf("faults changed the answers: %v, without %v", got, quiet)
			}
			if twice := f.paidTwice(); len(twice) > 0 && name != "time-out" {
				t.Errorf("paid twice: %q", twice)
			}
			if len(box.waits) == 0 {
				t.Fatal("no fault was met")
			}
			for _, d := range box.waits {
				if d < c.wait || d < firstWait/2 || d > max(c.wait, longestWait) {
					t.Errorf("waited %s", d)
				}
			}
			if u := box.Usage(); u.Retries != int64(len(box.waits)) || u.Calls != int64(f.calls()) {
				t.Errorf("usage %+v after %d calls and %d retries", u, f.calls(), len(box.waits))
			}
		})
	}
}

func TestEachFaultThatLastsHasItsError(t *testing.T) {
	quota := `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`
	for name, c := range map[string]struct {
		status   int
		body     string
		header   string
		want     error
		attempts int
	}{
		"401":             {401, `{"error":{"message":"bad key ` + testKey + `"}}`, "", ErrAuth, 1},
		"403":             {403, "forbidden for " + testKey, "", ErrAuth, 1},
		"402":             {402, "pay", "", ErrQuota, 1},
		"no quota":        {429, quota, "", ErrQuota, 1},
		"429 for ever":    {429, "slow down", "", ErrQuota, 3},
		"429 for an hour": {429, "slow down", "3600", ErrQuota, 1},
		"500 for ever":    {500, "oops " + testKey, "", ErrUnavailable, 3},
		"404":             {404, `{"error":{"message":"no such model"}}`, "", ErrRequest, 1},
		"redirect":        {307, "", "", ErrRequest, 1},
		"error in a 200":  {200, `{"error":{"message":"no such model"}}`, "", ErrRequest, 1},
		"JSON for ever":   {200, "{", "", ErrUnavailable, 3},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.fault = func(_ int, _ string, w http.ResponseWriter) bool {
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
				return true
			}
			cfg := f.config()
			cfg.Retries = 2
			_, err := openBox(t, cfg, Options{}).Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 1}})
			if !errors.Is(err, c.want) || f.calls() != c.attempts {
				t.Errorf("%d calls: %v", f.calls(), err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), testKey) {
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

func TestNoRetriesMeansOneAttempt(t *testing.T) {
	f := serve(t)
	f.fault = func(_ int, _ string, w http.ResponseWriter) bool { w.WriteHeader(500); return true }
	cfg := f.config()
	cfg.Retries = 0
	box := openBox(t, cfg, Options{})
	if _, err := box.Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 1}}); !errors.Is(err, ErrUnavailable) || f.calls() != 1 || len(box.waits) != 0 {
		t.Errorf("%d calls, waits %v: %v", f.calls(), box.waits, err)
	}
}

func TestUnreachableServerIsUnavailableAndNamed(t *testing.T) {
	f := serve(t)
	cfg := f.config()
	cfg.Retries = 1
	f.Close()
	_, err := openBox(t, cfg, Options{}).Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 1}})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), cfg.URL) || strings.Contains(err.Error(), testKey) {
		t.Error(err)
	}
}

func TestTheKeyIsSeenByNothingThatPrints(t *testing.T) {
	box := openBox(t, serve(t).config(), Options{})
	p := box.provider.(*openAI)
	for _, text := range []string{fmt.Sprint(p.key), fmt.Sprintf("%+v", p.key), fmt.Sprintf("%#v", p.key), fmt.Sprintf("%v %+v", p, *p), fmt.Sprintf("%#v", *p), fmt.Sprintf("%+v", box.cfg)} {
		if strings.Contains(text, testKey) || strings.Contains(text, fmt.Sprintf("%x", testKey)) {
			t.Errorf("printed: %s", text)
		}
	}
	if data, err := canonical(struct{ Key secret }{p.key}); err != nil || strings.Contains(string(data), testKey) {
		t.Errorf("%s %v", data, err)
	}
}

func TestAMissingKeyIsToldBeforeAnythingIsAsked(t *testing.T) {
	cfg := serve(t).config()
	cfg.KeyEnv = "SLM_TEST_NO_SUCH_VARIABLE"
	if _, err := tryBox(cfg, Options{}); !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), cfg.KeyEnv) {
		t.Error(err)
	}
}

func TestLogProbabilitiesThatTellNothingAreRefused(t *testing.T) {
	qs := someQuestions(1)
	zero := 0.0
	minus := -1.5
	for name, change := range map[string]func(*completionReply){
		"none":         func(r *completionReply) { r.Choices[0].LogProbs = nil },
		"empty":        func(r *completionReply) { r.Choices[0].LogProbs.TokenLogProbs = nil },
		"all zero":     func(r *completionReply) { fill(r, &zero) },
		"all equal":    func(r *completionReply) { fill(r, &minus) },
		"all null":     func(r *completionReply) { fill(r, nil) },
		"no positions": func(r *completionReply) { r.Choices[0].LogProbs.TextOffset = nil },
		"no generated": dropLast,
		"not echoed": func(r *completionReply) {
			r.Choices[0].LogProbs.TextOffset = make([]int, len(r.Choices[0].LogProbs.TextOffset))
		},
		"over the seam":     func(r *completionReply) { shift(r, -1) },
		"greater than zero": func(r *completionReply) { x := 0.5; fill(r, &x) },
	} {
		f := serve(t)
		f.change = change
		_, err := Answer(context.Background(), openBox(t, f.config(), Options{}), Cloze, qs)
		if !errors.Is(err, ErrReply) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func fill(r *completionReply, p *float64) {
	for i := range r.Choices[0].LogProbs.TokenLogProbs {
		r.Choices[0].LogProbs.TokenLogProbs[i] = p
	}
}

func dropLast(r *completionReply) {
	lp := r.Choices[0].LogProbs
	n := len(lp.Tokens) - 1
	lp.Tokens, lp.TokenLogProbs, lp.TextOffset = lp.Tokens[:n], lp.TokenLogProbs[:n], lp.TextOffset[:n]
}

// shift moves all positions but the last, so that no token starts where the option does.
func shift(r *completionReply, by int) {
	for i := range r.Choices[0].LogProbs.TextOffset[:len(r.Choices[0].LogProbs.TextOffset)-1] {
		r.Choices[0].LogProbs.TextOffset[i] += by
	}
}

func TestPositionsInBytesAndInCharactersGiveTheSameScores(t *testing.T) {
	q := []Question{{Knowledge: "条文：知識。", Question: "Où est-ce?", Choices: []string{"ça — là", "naïve", "日本 語"}}}
	f := serve(t)
	runes, err := Answer(context.Background(), openBox(t, f.config(), Options{}), Cloze, q)
	if err != nil {
		t.Fatal(err)
	}
	g := serve(t)
	g.bytes = true
	inBytes, err := Answer(context.Background(), openBox(t, g.config(), Options{}), Cloze, q)
	if err != nil || fmt.Sprint(runes) != fmt.Sprint(inBytes) {
		t.Errorf("%v, %v, %v", runes, inBytes, err)
	}
}

func TestLetterAnswersGoThroughChat(t *testing.T) {
	cfg := serve(t).config()
	cfg.Answer = Letter
	box := openBox(t, cfg, Options{})
	got, err := Answer(context.Background(), box, Letter, someQuestions(2))
	if err != nil || got[0].Index != 1 || got[0].Text != "B" || got[0].Calls != 1 || got[0].Tokens == 0 {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := Answer(context.Background(), box, Cloze, someQuestions(1)); !errors.Is(err, ErrRequest) || box.Info().CanScore {
		t.Errorf("asked by likelihood with answer: letter: %v", err)
	}
}

// FuzzServerReply gives the client whatever a server could send.
func FuzzServerReply(f *testing.F) {
	for _, name := range []string{"score.json", "score_shifted.json", "text.json", "chat.json", "400.json", "401.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", "openai", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(200, data)
		f.Add(500, data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		cfg := Default()
		cfg.Provider, cfg.Model, cfg.URL, cfg.Retries = OpenAI, "m", "http://example.invalid/v1", 0
		box := openBox(t, cfg, Options{HTTP: &http.Client{Transport: canned{status, body}}})
		for _, r := range []Request{
			{Prompt: "Question: What is the capital of France?\nAnswer:", Options: []string{" Paris, naïve"}}, {Prompt: "p", MaxTokens: 1}, {Prompt: "p", MaxTokens: 1, Chat: true},
		} {
			got, err := box.Do(context.Background(), []Request{r})
			switch {
			case err != nil:
				if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrAuth) && !errors.Is(err, ErrQuota) {
					t.Fatalf("untyped: %v", err)
				}
			case len(r.Options) > 0 && (len(got[0].Scores) != 1 || got[0].Scores[0].Tokens < 1 || math.IsNaN(got[0].Scores[0].LogProb)):
				t.Fatalf("accepted %+v", got[0])
			}
		}
	})
}

// canned is a transport that answers everything in one way.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(c.body)), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
}
