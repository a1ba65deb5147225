package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slm/llm"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/schedule"
	"slm/model/weights/weightstest"
	"slm/pipeline/runtest"
	"slm/pipeline/session"
	"slm/stages/systems"
)

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

// fake is a run of a few words. ask, when it is set, answers instead.
type fake struct {
	ask    func(ctx context.Context, q session.Question) (*session.Answer, error)
	stamp  string
	model  *session.Bare // nil = small
	closed atomic.Int32
}

func (f *fake) Ask(ctx context.Context, q session.Question) (*session.Answer, error) {
	if f.ask != nil {
		return f.ask(ctx, q)
	}
	return answerTo(q), nil
}

// answerTo is an answer with everything in it.
func answerTo(q session.Question) *session.Answer {
	sure := 0.75
	a := &session.Answer{
		Question: q.Text, System: q.System, Place: "The town\nSection 1:", Source: "town.txt:3", Knowledge: "The town has a rule.", InCorpus: true, Named: "The town\nSection 1:",
		Sure: &sure, Way: "found", Given: []string{"The town\nSection 1:", "The sea\nSection 2:"},
	}
	if q.Seen != nil {
		q.Seen(a)
	}
	whole := *a
	if !q.Silent {
		whole.Reply, whole.LLM, whole.Used = "It has a rule — 一条规则.", "toy", llm.Usage{Calls: 1, PromptTokens: 20, OutputTokens: 8}
	}
	return &whole
}

func (f *fake) Systems(context.Context) ([]string, string, error) {
	return []string{"llm", "checked", "auto"}, "auto", nil
}
func (f *fake) Lacks(name string) error {
	if name == "proxy" {
		return fmt.Errorf("proxy: %w: the LLM is not in this process", systems.ErrUnavailable)
	}
	return nil
}
func (f *fake) Tell(_ context.Context, message string, tokens int) (llm.Reply, error) {
	return llm.Reply{Text: "You said: " + message, Calls: 1, PromptTokens: 3, OutputTokens: 5, Cut: tokens < 5}, nil
}
func (f *fake) Small(context.Context) (session.Bare, error) {
	if f.model != nil {
		return *f.model, nil
	}
	return small()
}
func (f *fake) Large(context.Context) (session.Bare, error) {
	return session.Bare{}, systems.ErrUnavailable
}
func (f *fake) HasLarge(context.Context) error { return systems.ErrUnavailable }
func (f *fake) Document(_ context.Context, expert, source string) ([]session.Part, error) {
	if source != "town.txt:3" || expert != "" && expert != "town" {
		return nil, nil
	}
	return []session.Part{{Place: "The town, Section 1", Source: source, Text: "The town has a rule. It is old.", Here: true}, {Place: "The town, Section 2", Source: "town.txt:9", Text: "<b>More.</b>"}}, nil
}
func (f *fake) Stats() map[string]schedule.Stats {
	m, err := small()
	if err != nil {
		return nil
	}
	return map[string]schedule.Stats{SmallModel: m.Stats()}
}
func (f *fake) Ready(context.Context) error { return nil }

func (f *fake) HasEncoder(context.Context) bool { return true }
func (f *fake) Price() *llm.Price               { return &llm.Price{Input: 1, Output: 2} }
func (f *fake) Stamp() string                   { return f.stamp }
func (f *fake) Close() error                    { f.closed.Add(1); return nil }
func (f *fake) Embed(_ context.Context, texts []string, questions bool) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i := range out {
		if out[i] = []float32{0.6, 0.8}; questions {
			out[i] = []float32{0.8, 0.6}
		}
	}
	return out, nil
}

// small is a random model that reads bytes; the tests share it.
var small = sync.OnceValues(func() (session.Bare, error) { return smallWith(schedule.Options{}) })

func smallWith(opt schedule.Options) (session.Bare, error) {
	m, err := weightstest.Model(3)
	if err != nil {
		return session.Bare{}, err
	}
	be, err := kernel.Open("go")
	if err != nil {
		return session.Bare{}, err
	}
	return session.Bare{Scheduler: schedule.New(decode.New(m.Params, be), opt), Config: m.Params.Config, Tokenizer: m.Tokenizer}, nil
}

// config is the usual one with a clock.
func config() Config {
	c := Default()
	c.Now = time.Now
	return c
}

// serving is a server over HTTP with a run.
func serving(t *testing.T, cfg Config, run Run) (*Server, *httptest.Server) {
	t.Helper()
	s := New(cfg)
	s.Put(run)
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); s.runs.end() })
	return s, h
}

// post sends a body and returns status, headers and reply.
func post(t *testing.T, url, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

// question is a chat with one.
func question(model, text string, more ...string) string {
	q, _ := json.Marshal(text)
	return `{"model":"` + model + `","messages":[{"role":"user","content":` + string(q) + `}]` + strings.Join(append([]string{""}, more...), ",") + `}`
}

// failure is what an error's body says.
func failure(t *testing.T, body string) (param, code string) {
	t.Helper()
	var got struct {
		Error struct {
			Message, Type string
			Param, Code   *string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Error.Message == "" || got.Error.Type == "" {
		t.Fatalf("no error in OpenAI's shape: %s", body)
	}
	if got.Error.Param != nil {
		param = *got.Error.Param
	}
	if got.Error.Code != nil {
		code = *got.Error.Code
	}
	return param, code
}

// settles waits until there are no more goroutines than before.
func settles(t *testing.T, before int) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}
