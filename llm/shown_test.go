package llm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// peeking is a server that answers every call with one body, and what it was last asked.
func peeking(t *testing.T, status int, body string, change func(*Config, *Options)) (s *Service, asked *map[string]any) {
	t.Helper()
	asked = new(map[string]any)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = nil
		_ = json.NewDecoder(r.Body).Decode(asked)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(h.Close)
	cfg, opt := Default(), Options{Getenv: os.Getenv}
	cfg.Provider, cfg.Model, cfg.URL, cfg.Retries = OpenAI, "m", h.URL+"/v1", 0
	if change != nil {
		change(&cfg, &opt)
	}
	s, err := New(cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, asked
}

// completed is a reply with these log-probabilities.
func completed(logprobs string) string {
	return `{"model":"m","choices":[{"index":0,"text":"x","finish_reason":"length","logprobs":` + logprobs + `}],"usage":{"prompt_tokens":2,"completion_tokens":1}}`
}

func id(n int32) *int32 { return &n }

// The forms are those of slm serve and OpenAI, of vLLM, and of llama.cpp's server.
func TestDo_NextTokensInTheFormsOfServers(t *testing.T) {
	for name, c := range map[string]struct {
		logprobs string
		want     []Likely
	}{
		"OpenAI": {`{"tokens":[" a"],"token_logprobs":[-0.5],"text_offset":[3],"top_logprobs":[{"bytes:\\xe2\\x80":-1.5," a":-0.5}]}`,
			[]Likely{{Text: []byte(" a"), LogProb: -0.5}, {Text: []byte("\xe2\x80"), LogProb: -1.5}}},
		"vLLM": {`{"tokens":["a"],"token_logprobs":[-0.5],"text_offset":[3],"top_logprobs":[{"\ufffd":-1.5,"a":-0.5,"b":-9999}]}`,
			[]Likely{{Text: []byte("a"), LogProb: -0.5}, {LogProb: -1.5, Untold: true}, {Text: []byte("b"), LogProb: leastLogProb}}},
		"llama.cpp": {`{"content":[{"id":7,"token":"a","bytes":[97],"logprob":-0.5,"top_logprobs":[{"id":7,"token":"a","bytes":[97],"logprob":-0.5},{"id":9,"token":"","bytes":[226,128],"logprob":-1.5},{"id":2,"token":"","bytes":[],"logprob":-3.4028234663852886e+38}]}]}`,
			[]Likely{{ID: id(7), Text: []byte("a"), LogProb: -0.5}, {ID: id(9), Text: []byte("\xe2\x80"), LogProb: -1.5}, {ID: id(2), LogProb: leastLogProb}}},
	} {
		s, asked := peeking(t, 200, completed(c.logprobs), nil)
		got, err := s.Do(context.Background(), []Request{{Tokens: []int32{4, 5}, Top: 2}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, l := range got[0].Shown[0] {
			if len(l.Text) == 0 {
				got[0].Shown[0][i].Text = nil
			}
		}
		if !reflect.DeepEqual(got[0].Shown, [][]Likely{c.want}) || got[0].PromptTokens != 2 || got[0].OutputTokens != 1 {
			t.Errorf("%s: %+v", name, got[0])
		}
		if a := *asked; !reflect.DeepEqual(a["prompt"], []any{4.0, 5.0}) || a["logprobs"] != 2.0 || a["max_tokens"] != 1.0 || a["echo"] != nil || a["temperature"] != 0.0 {
			t.Errorf("%s was asked %v", name, a)
		}
	}
}

func TestDo_NextTokensAlongAText(t *testing.T) {
	const echo = `{"tokens":["p","q","r","x"],"token_logprobs":[null,-1,-2,-3],"text_offset":[0,1,2,3],"top_logprobs":[null,{"q":-1},{"s":-0.5},{"x":-3}]}`
	s, asked := peeking(t, 200, completed(echo), nil)
	got, err := s.Do(context.Background(), []Request{{Tokens: []int32{1}, Along: []int32{2, 3}, Top: 1}})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]Likely{{{Text: []byte("q"), LogProb: -1}}, {{Text: []byte("s"), LogProb: -0.5}}}
	if read := []Likely{{Text: []byte("q"), LogProb: -1}, {Text: []byte("r"), LogProb: -2}}; !reflect.DeepEqual(got[0].Shown, want) || !reflect.DeepEqual(got[0].Read, read) {
		t.Errorf("%+v", got[0])
	}
	if a := *asked; !reflect.DeepEqual(a["prompt"], []any{1.0, 2.0, 3.0}) || a["echo"] != true {
		t.Error(a)
	}
}

func TestDo_ATokenThatIsMadeToBeGeneratedHasItsOwnProbability(t *testing.T) {
	const reply = `{"content":[{"id":7,"token":"q","bytes":[113],"logprob":-4.5,"top_logprobs":[{"id":3,"token":"a","bytes":[97],"logprob":-0.5}]}]}`
	next := int32(7)
	s, asked := peeking(t, 200, completed(reply), nil)
	got, err := s.Do(context.Background(), []Request{{Tokens: []int32{1}, Next: &next, Top: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Likely{{ID: &next, Text: []byte("q"), LogProb: -4.5}}; !reflect.DeepEqual(got[0].Read, want) || len(got[0].Shown) != 1 {
		t.Errorf("%+v", got[0])
	}
	if a := *asked; !reflect.DeepEqual(a["logit_bias"], map[string]any{"7": 100.0}) || a["echo"] != nil {
		t.Error(a)
	}
}

func TestDo_NextTokensThatCannotBeUsed(t *testing.T) {
	one, along := Request{Tokens: []int32{1}, Top: 2}, Request{Tokens: []int32{1}, Along: []int32{2}, Top: 1}
	made := Request{Tokens: []int32{1}, Next: &[]int32{7}[0], Top: 1}
	for _, c := range []struct {
		status int
		body   string
		ask    Request
		want   error
		shows  string
	}{
		{503, `{"error":{"message":"busy"}}`, one, ErrUnavailable, "says 503"},
		{200, completed("null"), one, ErrReply, "no log-probabilities came back"},
		{200, completed(`{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":null}`), one, ErrReply, "no likeliest tokens came back"},
		{200, completed(`{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":[{"a":-1}]}`), one, ErrReply, "1 likeliest tokens came back of the 2"},
		{200, completed(`{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":[{"a":0.5,"b":-1}]}`), one, ErrReply, "has the log-probability 0.5"},
		{200, completed(`{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":"a"}`), one, ErrReply, "top_logprobs has another form"},
		{200, completed(`{"content":[]}`), one, ErrReply, "no log-probabilities came back"},
		{200, completed(`{"content":[{"id":1,"token":"a","logprob":-1,"top_logprobs":[]}]}`), along, ErrNoEcho, "of what is generated alone"},
		{200, completed(`{"content":[{"id":1,"token":"a","logprob":-1,"top_logprobs":[{"id":1,"token":"a","logprob":-1}]}]}`), made, ErrNoEcho, "does not generate the token"},
		{200, completed(`{"content":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":-1}]}]}`), made, ErrNoEcho, "does not generate the token"},
		{200, completed(`{"content":[{"id":7,"token":"a","logprob":1,"top_logprobs":[{"id":1,"token":"a","logprob":-1}]}]}`), made, ErrReply, "has the log-probability 1"},
		{200, completed(`{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":[{"a":-1}]}`), made, ErrNoEcho, "without the numbers of tokens"},
		{200, completed(`{"tokens":["x"],"token_logprobs":[-1],"top_logprobs":[{"x":-1}]}`), along, ErrNoEcho, "of 1 tokens came back, not of the 2"},
		{200, completed(`{"tokens":["<s>","a","b","x"],"token_logprobs":[null,-1,-1,-1],"top_logprobs":[null,{"a":-1},{"a":-1},{"a":-1}]}`), along, ErrReply, "reads the prompt as other tokens"},
	} {
		s, _ := peeking(t, c.status, c.body, nil)
		if _, err := s.Do(context.Background(), []Request{c.ask}); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.shows) {
			t.Errorf("%s: %v, want %q", c.body, err, c.shows)
		}
	}
	s, _ := peeking(t, 200, completed("null"), nil)
	for _, bad := range []Request{{Top: 1}, {Tokens: []int32{1}, Top: 1, Prompt: "x"}, {Tokens: []int32{1}, Top: 1, Chat: true}, {Tokens: []int32{1}, Top: 1, Options: []string{"x"}}, {Tokens: []int32{1}, Along: []int32{2}, Next: made.Next, Top: 1}} {
		if _, err := s.Do(context.Background(), []Request{bad}); !errors.Is(err, ErrRequest) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	cfg := Default()
	cfg.Provider, cfg.Model = Overlap, "character-trigrams"
	o, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Do(context.Background(), []Request{one}); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), "does not show its likeliest next tokens") {
		t.Error(err)
	}
}

// A reply is stored like any other: in the journal, and in the tables that runs lend each other.
func TestDo_NextTokensAreStored(t *testing.T) {
	dir := t.TempDir()
	const body = `{"tokens":["p","b","x"],"token_logprobs":[null,-1,-2],"text_offset":[0,1,2],"top_logprobs":[null,{"b":-1,"\ufffd":-2},{"x":-2}]}`
	r := Request{Tokens: []int32{1}, Along: []int32{2}, Top: 2}
	ask := func(s *Service) Reply {
		t.Helper()
		got, err := s.Do(context.Background(), []Request{r})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	url := ""
	s, _ := peeking(t, 200, completed(body), func(c *Config, o *Options) {
		url, o.Journal = c.URL, filepath.Join(dir, "replies.wal")
	})
	want := ask(s)
	table := filepath.Join(dir, "replies.arrow")
	if err := errors.Join(s.ExportArrow(table), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, from := range []Options{{Journal: filepath.Join(dir, "replies.wal"), Offline: true}, {Replay: []string{table}, Offline: true}} {
		s, _ := peeking(t, 500, "", func(c *Config, o *Options) {
			c.URL, o.Journal, o.Replay, o.Offline = url, from.Journal, from.Replay, true
		})
		got := ask(s)
		if want.Cached = true; !reflect.DeepEqual(got, want) {
			t.Errorf("stored %+v, asked %+v", got, want)
		}
	}
}

func TestWorst_NextTokensCostTheirPromptAndOneMore(t *testing.T) {
	if got := (Request{Tokens: []int32{1, 2}, Along: []int32{3}, Top: 5}).Worst(); got != (Usage{Calls: 1, PromptTokens: 3, OutputTokens: 1}) {
		t.Error(got)
	}
}

// llama.cpp's server leaves the log-probabilities out where the token that it generates is half a character.
func TestDo_NextTokensWhereHalfACharacterIsGenerated(t *testing.T) {
	calls, forced := 0, any(nil)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]any
		_ = json.NewDecoder(r.Body).Decode(&asked)
		w.Header().Set("Content-Type", "application/json")
		if calls++; asked["logit_bias"] == nil {
			_, _ = w.Write([]byte(strings.Replace(completed("null"), `"text":"x"`, `"text":"\ufffd"`, 1)))
			return
		}
		forced = asked["logit_bias"]
		_, _ = w.Write([]byte(completed(`{"content":[{"id":7,"token":"a","bytes":[97],"logprob":-4,"top_logprobs":[{"id":9,"token":"","bytes":[226,128],"logprob":-0.5}]}]}`)))
	}))
	defer h.Close()
	cfg := Default()
	cfg.Provider, cfg.Model, cfg.URL, cfg.Retries = OpenAI, "m", h.URL+"/v1", 0
	s, err := New(cfg, Options{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int32(2) {
		got, err := s.Do(context.Background(), []Request{{Tokens: []int32{n}, Top: 1, Whole: 7}})
		if err != nil || string(got[0].Shown[0][0].Text) != "\xe2\x80" || !reflect.DeepEqual(forced, map[string]any{"7": 100.0}) {
			t.Fatalf("%v, %+v, %v", err, got, forced)
		}
	}
	if u := s.Usage(); calls != 3 || u.Calls != 3 {
		t.Errorf("%d calls, %+v", calls, u)
	}
	if _, err := s.Do(context.Background(), []Request{{Tokens: []int32{5}, Top: 1}}); !errors.Is(err, ErrReply) {
		t.Errorf("no token is known that could be generated instead: %v", err)
	}
}

func TestDo_ServersWithoutEchoAreToBeAskedByLetter(t *testing.T) {
	s, _ := peeking(t, 200, completed(`{"content":[{"id":1,"token":"a","logprob":-1,"top_logprobs":[{"id":1,"token":"a","logprob":-1}]}]}`), nil)
	_, err := s.Do(context.Background(), []Request{{Prompt: "Is it", Options: []string{" so", " not"}}})
	if !errors.Is(err, ErrReply) || !strings.Contains(err.Error(), "of what is generated alone") || !strings.Contains(err.Error(), "answer: letter") {
		t.Error(err)
	}
}
