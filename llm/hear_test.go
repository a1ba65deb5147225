package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"slm/model/kernel"
	"slm/model/weights/weightstest"
	"slm/rng"
)

// heardWhole checks that texts are beginnings of a reply, those of its last attempt each no shorter than the one before.
func heardWhole(t *testing.T, texts []string, whole string) {
	t.Helper()
	for i, text := range texts {
		if !strings.HasPrefix(whole, text) {
			t.Errorf("%d: %q of %q", i, text, whole)
		}
	}
	if n := len(texts); n < 2 || len(texts[n-1]) < len(texts[n-2]) {
		t.Errorf("%q", texts)
	}
}

func TestSettled_NothingIsTakenBack(t *testing.T) {
	parts := []string{"One", " two.", "\n", "<think>", "</think>", "[THINK]", "[/THINK]", "<", "<th", "<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "中文", "é", " <b>", "[1]", "  "}
	s := rng.New(3, "settled")
	for range 2000 {
		whole, inside := "", false
		for range s.IntN(12) {
			p := parts[s.IntN(len(parts))]
			if closing.MatchString(p) && !inside {
				continue // it would end thoughts that have not begun
			}
			if opening.MatchString(p) || closing.MatchString(p) {
				inside = opening.MatchString(p)
			}
			whole += p
		}
		if opened, closed := opening.FindAllString(whole, -1), closing.FindAllString(whole, -1); len(closed) > len(opened) {
			continue // parts have joined to a mark
		}
		want, _ := visible(whole)
		var texts []string
		for n := range len(whole) + 1 {
			texts = append(texts, settled(whole[:n]))
		}
		for i, text := range texts {
			if !strings.HasPrefix(want, text) {
				t.Fatalf("%q after %d bytes: %q, and at last %q", whole, i, text, want)
			}
		}
	}
	if got := settled("One two <thi"); got != "One two" {
		t.Errorf("%q", got)
	}
}

func TestLocal_TextIsHeardAsItIsWrittenAndLeavingEndsItAtOnce(t *testing.T) {
	m, err := weightstest.Model(11)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := weightstest.Toy.Write(filepath.Join(dir, "small"), m); err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Model = "toy:small"
	box := openBox(t, cfg, Options{Kernel: be, Dir: dir, Share: true})
	var texts []string
	ctx := Hear(context.Background(), func(text string) { texts = append(texts, text) })
	replies, err := box.Do(ctx, []Request{{Prompt: "Which town?", MaxTokens: 30, Chat: true}})
	if err != nil || len(texts) < 10 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	if texts[len(texts)-1] != replies[0].Text {
		t.Errorf("%q at last, and the reply is %q", texts[len(texts)-1], replies[0].Text)
	}
	texts = nil
	if again, err := box.Do(ctx, []Request{{Prompt: "Which town?", MaxTokens: 30, Chat: true}}); err != nil || again[0].Text != replies[0].Text || len(texts) > 0 {
		t.Errorf("stored: %v, %v, heard %q", again, err, texts)
	}
	gone, leave := context.WithCancel(context.Background())
	defer leave()
	heard := 0
	_, err = box.Do(Hear(gone, func(string) {
		if heard++; heard == 3 {
			leave()
		}
	}), []Request{{Prompt: "Which sea?", MaxTokens: 40, Chat: true}})
	w, _, _ := box.Weights()
	if !errors.Is(err, context.Canceled) || w.Scheduler.Stats().Failed != 1 || heard > 10 {
		t.Errorf("%v, %+v, heard %d", err, w.Scheduler.Stats(), heard)
	}
}

// events is a stream of pieces, each a delta of a chat.
func events(pieces []string, end string) string {
	var b strings.Builder
	b.WriteString(": a comment\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n")
	for _, p := range pieces {
		text, _ := json.Marshal(p)
		fmt.Fprintf(&b, "data: {\"model\":\"fake-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":null}]}\r\n\r\n", text)
	}
	return b.String() + end
}

const (
	eventsEnd   = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	eventsUsage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n"
)

func TestOpenAI_StreamedReplyIsTheWholeOne(t *testing.T) {
	pieces := []string{"<thi", "nk>Hm.</th", "ink>It ", "has a rule", " — 一条", "规则. The key is sk-very-secret", "-0123456789."}
	for _, c := range []struct {
		name  string
		reply func(n int, streams bool) (status int, kind, body string)
		text  string
		calls int
		err   error
	}{
		{"a stream", func(int, bool) (int, string, string) {
			return 200, "text/event-stream; charset=utf-8", events(pieces, eventsEnd+eventsUsage)
		}, "It has a rule — 一条规则. The key is [key].", 1, nil},
		{"a stream that just ends", func(int, bool) (int, string, string) {
			return 200, "text/event-stream", events([]string{"It ", "has a rule"}, eventsEnd)
		}, "It has a rule", 1, nil},
		{"a stream that breaks off, once", func(n int, _ bool) (int, string, string) {
			if n == 0 {
				return 200, "text/event-stream", events(pieces[:4], "")
			}
			return 200, "text/event-stream", events([]string{"It ", "has a rule"}, eventsEnd+eventsUsage)
		}, "It has a rule", 2, nil},
		{"a stream with an error, once", func(n int, _ bool) (int, string, string) {
			if n == 0 {
				return 200, "text/event-stream", events(pieces[:4], "data: {\"error\":{\"code\":503,\"message\":\"overloaded\"}}\n\n")
			}
			return 200, "text/event-stream", events([]string{"It ", "has a rule"}, eventsEnd+eventsUsage)
		}, "It has a rule", 2, nil},
		{"an event that is no JSON", func(int, bool) (int, string, string) { return 200, "text/event-stream", events(pieces, "data: {\n\n") }, "", 3, ErrUnavailable},
		{"whole though a stream was asked for", func(int, bool) (int, string, string) {
			return 200, "application/json", `{"choices":[{"index":0,"message":{"content":"It has."},"finish_reason":"stop"}]}`
		}, "It has.", 1, nil},
		{"no streams", func(_ int, streams bool) (int, string, string) {
			if streams {
				return 400, "application/json", `{"error":{"message":"Unsupported parameter: stream_options","param":"stream_options"}}`
			}
			return 200, "application/json", `{"choices":[{"index":0,"message":{"content":"It has."},"finish_reason":"stop"}]}`
		}, "It has.", 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, calls := serve(t), 0
				f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					var sent struct {
						Stream  bool           `json:"stream"`
						Options *streamOptions `json:"stream_options"`
					}
					if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Stream != (sent.Options != nil && sent.Options.IncludeUsage) {
						t.Errorf("%+v, %v", sent, err)
					}
					status, kind, body := c.reply(calls, sent.Stream)
					calls++
					w.Header().Set("Content-Type", kind)
					w.WriteHeader(status)
					_, _ = w.Write([]byte(body))
				})
				cfg := f.config()
				cfg.Retries = 2
				var texts []string
				ctx := Hear(context.Background(), func(text string) { texts = append(texts, text) })
				replies, err := Write(ctx, openBox(t, cfg, Options{}), []string{"Why?"}, 50)
				if !errors.Is(err, c.err) || calls != c.calls || err == nil && replies[0].Text != c.text {
					t.Fatalf("%+v, %v after %d calls", replies, err, calls)
				}
				if err == nil && strings.HasPrefix(c.name, "a stream") {
					heardWhole(t, texts, replies[0].Text)
				}
			})
		})
	}
}
