package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// trouble is one way for a server to fail.
type trouble struct {
	name   string
	do     func(w http.ResponseWriter, good *completionReply)
	passes bool          // another attempt is made
	wait   time.Duration // at least, before it
	err    error         // when it lasts
}

const refusal = `{"error":{"message":"no, not with ` + testKey + `","type":"server_error","code":null}}`

// status refuses with headers.
func status(code int, body string, header ...string) func(http.ResponseWriter, *completionReply) {
	return func(w http.ResponseWriter, _ *completionReply) {
		for i := 0; i < len(header); i += 2 {
			w.Header()[header[i]] = nil // not even the server's own
			if header[i+1] != "" {
				w.Header().Set(header[i], header[i+1])
			}
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// says answers 200 with a text.
func says(text string) func(http.ResponseWriter, *completionReply) { return status(200, text) }

// changed answers with a good reply after a change.
func changed(change func(*completionReply)) func(http.ResponseWriter, *completionReply) {
	return func(w http.ResponseWriter, good *completionReply) {
		change(good)
		_ = json.NewEncoder(w).Encode(good)
	}
}

// broken sends the beginning of a good reply and then closes the connection, or only ends the text.
func broken(hard bool, bytes int) func(http.ResponseWriter, *completionReply) {
	return func(w http.ResponseWriter, good *completionReply) {
		text, _ := json.Marshal(good)
		if !hard {
			_, _ = w.Write(text[:bytes])
			return
		}
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if bytes > 0 {
			_, _ = fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text[:bytes])
		}
		_ = buf.Flush()
		_ = conn.Close()
	}
}

// hang says nothing until the client is gone.
func hang(w http.ResponseWriter, _ *completionReply) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
}

// trickle sends a good reply, a byte in each stretch of time.
func trickle(each time.Duration) func(http.ResponseWriter, *completionReply) {
	return func(w http.ResponseWriter, good *completionReply) {
		text, _ := json.Marshal(good)
		for i := range text {
			time.Sleep(each)
			if _, err := w.Write(text[i : i+1]); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	}
}

func same(p *float64) func(*completionReply) {
	return func(r *completionReply) {
		for i := range r.Choices[0].LogProbs.TokenLogProbs {
			r.Choices[0].LogProbs.TokenLogProbs[i] = p
		}
	}
}

var (
	zero, minus, above = 0.0, -1.5, 0.5

	// The local clock of the tests, that of testing/synctest, stands in the year 2000: dates count by the server's own.
	troubles = []trouble{
		{"401", status(401, refusal), false, 0, ErrAuth},
		{"403", status(403, "forbidden for "+testKey), false, 0, ErrAuth},
		{"402", status(402, "pay"), false, 0, ErrQuota},
		{"404", status(404, `{"error":{"message":"no such model"}}`), false, 0, ErrRequest},
		{"redirect", status(307, "", "Location", "http://elsewhere.test/?key="+testKey), false, 0, ErrRequest},
		{"redirect to nowhere", status(308, "", "Location", "://"+testKey), true, 0, ErrUnavailable},
		{"429 with nothing", status(429, refusal), true, 2 * time.Second, ErrQuota},
		{"429 with seconds", status(429, refusal, "Retry-After", "7"), true, 7 * time.Second, ErrQuota},
		{"429 with a date", status(429, refusal, "Retry-After", "Sun, 22 Nov 2026 03:00:20 GMT", "Date", servedAt), true, 20 * time.Second, ErrQuota},
		{"429 with a date gone by", status(429, refusal, "Retry-After", "Sun, 22 Nov 2026 02:00:20 GMT", "Date", servedAt), true, 0, ErrQuota},
		{"429 with a date and no clock", status(429, refusal, "Retry-After", "Sun, 22 Nov 2026 03:00:20 GMT", "Date", ""), true, 0, ErrQuota},
		{"429 for an hour", status(429, refusal, "Retry-After", "3600"), false, 0, ErrQuota},
		{"429 and no money", status(429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`), false, 0, ErrQuota},
		{"500", status(500, "oops "+testKey), true, 0, ErrUnavailable},
		{"502 from a proxy", status(502, "<html><h1>Bad gateway</h1></html>"), true, 0, ErrUnavailable},
		{"503 with seconds", status(503, refusal, "Retry-After", "3"), true, 3 * time.Second, ErrUnavailable},
		{"408", status(408, ""), true, 0, ErrUnavailable},
		{"no answer in time", hang, true, 0, ErrUnavailable},
		{"a slow trickle", trickle(time.Second), true, 0, ErrUnavailable},
		{"reset before the reply", broken(true, 0), true, 0, ErrUnavailable},
		{"reset half way", broken(true, 60), true, 0, ErrUnavailable},
		{"truncated JSON", broken(false, 60), true, 0, ErrReply},
		{"garbage", says("\x00\xff{]" + testKey), true, 0, ErrReply},
		{"a page", says("<html>busy</html>"), true, 0, ErrReply},
		{"nothing", says(""), true, 0, ErrReply},
		{"no choices", says(`{"model":"fake-1","choices":[]}`), true, 0, ErrReply},
		{"another schema", says(`{"type":"message","content":[{"type":"text","text":"B"}],"usage":{"input_tokens":3}}`), false, 0, ErrReply},
		{"choices of another kind", says(`{"model":"fake-1","choices":"B"}`), false, 0, ErrReply},
		{"an error in a 200", says(`{"error":{"message":"no such model"}}`), false, 0, ErrRequest},
		{"another model", changed(func(r *completionReply) { r.Model = "cheap-1-" + testKey }), false, 0, ErrReply},
		{"no log-probabilities", changed(func(r *completionReply) { r.Choices[0].LogProbs = nil }), false, 0, ErrReply},
		{"empty log-probabilities", changed(func(r *completionReply) { r.Choices[0].LogProbs.TokenLogProbs = nil }), false, 0, ErrReply},
		{"log-probabilities all 0", changed(same(&zero)), false, 0, ErrReply},
		{"log-probabilities all equal", changed(same(&minus)), false, 0, ErrReply},
		{"log-probabilities all null", changed(same(nil)), false, 0, ErrReply},
		{"log-probabilities above 0", changed(same(&above)), false, 0, ErrReply},
		{"no positions", changed(func(r *completionReply) { r.Choices[0].LogProbs.TextOffset = nil }), false, 0, ErrReply},
		{"no generated token", changed(dropLast), false, 0, ErrReply},
		{"not echoed", changed(func(r *completionReply) { clear(r.Choices[0].LogProbs.TextOffset) }), false, 0, ErrReply},
		{"a token over the seam", changed(func(r *completionReply) { shift(r, -1) }), false, 0, ErrReply},
	}
)

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

// under runs a test for each trouble, in a time of its own. want is how a server without trouble answers.
func under(t *testing.T, qs []Question, test func(t *testing.T, c trouble, want []Choice)) {
	want, _, _, err := live(t, serve(t).config(), filepath.Join(t.TempDir(), "quiet.wal"), qs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range troubles {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { test(t, c, want) }) })
	}
}

// live opens a box on a journal, asks, and leaves the box as a kill does: without closing the journal.
func live(t *testing.T, cfg Config, journal string, qs []Question) (got []Choice, used Usage, took time.Duration, err error) {
	t.Helper()
	s, err := tryBox(cfg, Options{Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.provider.close() }()
	begun := time.Now()
	got, err = Answer(context.Background(), s, Cloze, qs)
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, testKey) {
		t.Errorf("the key is in the error: %s", text)
	}
	return got, s.Usage(), time.Since(begun), err
}

// strike makes trouble the first time that each prompt is seen which hit picks by its number.
func (f *fakeServer) strike(c trouble, hit func(k int) bool) {
	number := map[string]int{}
	f.fault = func(_ int, prompt string, w http.ResponseWriter) bool {
		f.mu.Lock()
		_, known := number[prompt]
		if !known {
			number[prompt] = len(number)
		}
		now := !known && hit(number[prompt])
		f.mu.Unlock()
		if now {
			good := f.reply(prompt, "/completions", true)
			good.Model = "fake-1"
			c.do(w, good)
		}
		return now
	}
}

func TestService_TroubleThatComesAndGoesCostsTimeAndNoReply(t *testing.T) {
	qs := someQuestions(3) // 12 calls
	under(t, qs, func(t *testing.T, c trouble, want []Choice) {
		f := serve(t)
		f.strike(c, func(k int) bool { return k%3 == 1 })
		journal := filepath.Join(t.TempDir(), "replies.wal")
		restarts := 0
		for {
			restarts++
			got, used, took, err := live(t, f.config(), journal, qs)
			if used.Calls != int64(f.calls()) {
				t.Errorf("%d calls are counted of %d, after restart %d", used.Calls, f.calls(), restarts)
			}
			if err == nil {
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("trouble changed the answers: %v, without %v", got, want)
				}
				if c.passes && took < max(c.wait, firstWait/2) {
					t.Errorf("waited %s", took)
				}
				break
			}
			if !errors.Is(err, c.err) || c.passes || restarts > 4 {
				t.Fatalf("restart %d: %v", restarts, err)
			}
		}
		if twice := f.paidTwice(); len(twice) > 0 || f.calls() != 12+4 {
			t.Errorf("%d calls, paid twice: %q", f.calls(), twice)
		}
		if c.passes != (restarts == 1) {
			t.Errorf("%d restarts", restarts)
		}
	})
}

func TestService_TroubleThatLastsHasItsErrorAndTheNextRunGoesOn(t *testing.T) {
	qs := someQuestions(2) // 8 calls
	under(t, qs, func(t *testing.T, c trouble, want []Choice) {
		f := serve(t)
		f.fault = func(n int, prompt string, w http.ResponseWriter) bool {
			if n >= 3 {
				c.do(w, f.reply(prompt, "/completions", true))
			}
			return n >= 3
		}
		cfg := f.config()
		cfg.Concurrency, cfg.Retries = 1, 2
		journal := filepath.Join(t.TempDir(), "replies.wal")
		_, used, _, err := live(t, cfg, journal, qs)
		attempts := 1
		if c.passes {
			attempts = 3
		}
		if !errors.Is(err, c.err) || !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrAuth) && !errors.Is(err, ErrQuota) {
			t.Errorf("%v", err)
		}
		if f.calls() != 3+attempts || used.Calls != int64(f.calls()) || used.Retries != int64(attempts-1) {
			t.Errorf("%d calls, usage %+v", f.calls(), used)
		}
		f.fault = nil
		got, used, _, err := live(t, cfg, journal, qs)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || f.calls() != 8+attempts || len(f.paidTwice()) > 0 || used.Calls != int64(f.calls()) {
			t.Errorf("afterwards: %d calls, paid twice %q, usage %+v, %v", f.calls(), f.paidTwice(), used, err)
		}
	})
}

func TestBudget_NoTroubleTakesItOverItsEnd(t *testing.T) {
	qs := someQuestions(3)
	under(t, qs, func(t *testing.T, c trouble, _ []Choice) {
		f := serve(t)
		f.strike(c, func(k int) bool { return k%2 == 0 })
		cfg := f.config()
		cfg.Budget = Budget{Calls: 9}
		journal := filepath.Join(t.TempDir(), "replies.wal")
		var err error
		for range 20 {
			if _, _, _, err = live(t, cfg, journal, qs); errors.Is(err, ErrBudget) {
				break
			}
			if !errors.Is(err, c.err) {
				t.Fatalf("%v", err)
			}
		}
		if f.calls() != 9 || !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "9 of 9 calls are used; bought so far: 9 calls") {
			t.Errorf("%d calls, %v", f.calls(), err)
		}
		cfg.Budget.Calls = 18
		for restarts := 0; ; restarts++ {
			if _, _, _, err = live(t, cfg, journal, qs); err == nil || restarts > 6 {
				break
			}
		}
		if err != nil || f.calls() != 18 || len(f.paidTwice()) > 0 {
			t.Errorf("raised: %d calls, paid twice %q, %v", f.calls(), f.paidTwice(), err)
		}
	})
}

func TestBudget_ServerThatCountsMoreThanItMayOvershootsByTheCallsUnderWay(t *testing.T) {
	const each = 1000 // tokens that it reports, where 82 are the worst case
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			at    int
			limit int64
		}{{1, 3000}, {4, 3000}, {16, 10}} {
			f := serve(t)
			f.change = func(r *completionReply) { r.Usage.PromptTokens = each - 1 }
			f.fault = func(int, string, http.ResponseWriter) bool { time.Sleep(time.Second); return false }
			cfg := f.config()
			cfg.Concurrency, cfg.Budget = c.at, Budget{Tokens: c.limit}
			s := openBox(t, cfg, Options{})
			_, err := s.Do(context.Background(), prompts(50))
			u := s.Usage()
			_ = s.Close()
			if over := u.PromptTokens + u.OutputTokens - c.limit; !errors.Is(err, ErrBudget) || over > int64(c.at*each) {
				t.Errorf("%d at a time: %d over the limit, %v", c.at, over, err)
			}
		}
	})
}

func TestBudget_ImpossibleNumbersOfTokensCountAsTheWorstCase(t *testing.T) {
	for _, usage := range []string{`null`, `{}`, `{"prompt_tokens":0,"completion_tokens":1}`, `{"prompt_tokens":-5,"completion_tokens":1}`, `{"prompt_tokens":5,"completion_tokens":-1}`, `{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}`} {
		f := serve(t)
		f.fault = func(_ int, _ string, w http.ResponseWriter) bool {
			_, _ = w.Write([]byte(`{"choices":[{"text":"x"}],"usage":` + usage + `}`))
			return true
		}
		cfg := f.config()
		cfg.Budget = Budget{Tokens: 200}
		s := openBox(t, cfg, Options{})
		if _, err := s.Do(context.Background(), prompts(5)); !errors.Is(err, ErrBudget) || f.calls() != 2 {
			t.Errorf("%s: %d calls, %v", usage, f.calls(), err)
		}
		if u := s.Usage(); u.PromptTokens != 144 || u.OutputTokens != 20 {
			t.Errorf("%s: %+v", usage, u)
		}
	}
}

func TestRetries_NoneMeansOneAttempt(t *testing.T) {
	f := serve(t)
	f.fault = func(_ int, _ string, w http.ResponseWriter) bool { w.WriteHeader(500); return true }
	cfg := f.config()
	cfg.Retries = 0
	s := openBox(t, cfg, Options{})
	if _, err := s.Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 1}}); !errors.Is(err, ErrUnavailable) || f.calls() != 1 {
		t.Errorf("%d calls: %v", f.calls(), err)
	}
}

func TestOpenAI_UnreachableServerIsUnavailableAndNamedAndBillsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t)
		cfg := f.config()
		f.Close()
		s := openBox(t, cfg, Options{})
		_, err := s.Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 1}})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), cfg.URL) || strings.Contains(err.Error(), testKey) {
			t.Error(err)
		}
		if u := s.Usage(); u.PromptTokens != 0 || u.Retries != int64(cfg.Retries) {
			t.Errorf("%+v", u)
		}
	})
}

func TestOpenAI_SameModelUnderTheNamesThatServersGiveIt(t *testing.T) {
	for _, c := range []struct {
		asked, got string
		want       bool
	}{
		{"gpt-4o", "gpt-4o", true}, {"gpt-4o", "gpt-4o-2024-08-06", true}, {"gpt-4", "gpt-4-0613", true}, {"GPT-4o", "openai/gpt-4o", true},
		{"mistral-large-latest", "mistral-large-2411", true}, {"llama3:latest", "llama3", true}, {"org/model", "model", true}, {"m", "", true},
		{"deepseek/deepseek-r1:free", "deepseek/deepseek-r1", true}, {"org/model:nitro", "model-2025-01-20", true},
		{"gpt-4o", "gpt-4o-mini", false}, {"gpt-4", "gpt-4-turbo", false}, {"gpt-4o", "gpt-4", false}, {"llama-3", "llama-3-70b", false}, {"m", "other", false},
	} {
		if serves(c.got, c.asked) != c.want {
			t.Errorf("asked for %q, answered by %q: %s", c.asked, c.got, strconv.FormatBool(!c.want))
		}
	}
}

func TestOpenAI_ReplyThatRepeatsTheKeyIsKeptWithoutIt(t *testing.T) {
	f := serve(t)
	f.fault = func(_ int, _ string, w http.ResponseWriter) bool {
		_, _ = w.Write([]byte(`{"choices":[{"message":{"content":"B, ` + testKey + `"}}]}`))
		return true
	}
	journal := filepath.Join(t.TempDir(), "replies.wal")
	s := openBox(t, f.config(), Options{Journal: journal})
	got, err := s.Do(context.Background(), []Request{{Prompt: "p", MaxTokens: 5, Chat: true}})
	if err != nil || got[0].Text != "B, [key]" || strings.Contains(string(mustRead(t, journal)), testKey) {
		t.Errorf("%+v %v", got, err)
	}
}
