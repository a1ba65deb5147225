package serve

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"slm/llm"
	"slm/pipeline/session"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

// changing is what differs between two transcripts of one request.
var changing = regexp.MustCompile(`"id":"(chatcmpl|cmpl)-[0-9a-f]{24}"|"created":\d+`)

// digits are the numbers whose last places belong to a kernel.
var digits = regexp.MustCompile(`-?\d+\.\d{6,}`)

// transcript is a reply with what changes made even.
func transcript(body string) string {
	return changing.ReplaceAllStringFunc(body, func(s string) string {
		name, _, _ := strings.Cut(s, ":")
		return name + ":0"
	})
}

func TestStream_TranscriptsAreTheGoldenOnes(t *testing.T) {
	broken := &fake{ask: func(_ context.Context, q session.Question) (*session.Answer, error) {
		q.Seen(answerTo(session.Question{System: q.System, Silent: true}))
		return answerTo(session.Question{System: q.System, Silent: true}), fmt.Errorf("secret question: %w", llm.ErrUnavailable)
	}}
	both := func(fails error) *fake { // a question about the texts of two runs, of which the second may have no reply
		return &fake{ask: func(_ context.Context, q session.Question) (*session.Answer, error) {
			first := answerTo(q)
			q.Seen, q.Silent = nil, fails != nil
			first.Expert, first.Also = "town", answerTo(q)
			first.Also.Expert, first.Also.Knowledge = "sea", "The sea has a tide."
			return first, fails
		}}
	}
	for _, c := range []struct {
		name, path, body string
		run              Run
	}{
		{"chat-two", "chat/completions", question("auto", "Why, and when?", `"slm":{"footnotes":true}`), both(nil)},
		{"chat-two-stream", "chat/completions", question("auto", "Why, and when?", `"stream":true`), both(nil)},
		{"chat-two-degraded", "chat/completions", question("auto", "Why, and when?"), both(fmt.Errorf("secret question: %w", llm.ErrUnavailable))},
		{"chat", "chat/completions", question("auto", "Why?", `"stream":true`), &fake{}},
		{"chat-usage", "chat/completions", question("default", "Why?", `"stream":true,"stream_options":{"include_usage":true},"slm":{"footnotes":true}`), &fake{}},
		{"chat-degraded", "chat/completions", question("auto", "Why?", `"stream":true`), broken},
		{"chat-error", "chat/completions", question("llm", "Why?", `"stream":true`), broken},
		{"chat-whole", "chat/completions", question("auto", "Why?"), &fake{}},
		{"black-box", "chat/completions", question("black-box", "Why?", `"max_tokens":4`), &fake{}},
		{"completion", "completions", `{"model":"small-model","prompt":["the rule","the sea"],"max_tokens":6,"stream":true,"stream_options":{"include_usage":true}}`, &fake{}},
		{"completion-echo", "completions", `{"model":"small-model","prompt":"the rule é","max_tokens":0,"echo":true,"logprobs":2}`, &fake{}},
		{"embeddings", "embeddings", `{"model":"embeddings","input":["the rule","the sea"]}`, &fake{}},
	} {
		_, h := serving(t, config(), c.run)
		_, header, body := post(t, h.URL+"/v1/"+c.path, c.body)
		body = digits.ReplaceAllStringFunc(body, func(n string) string { return n[:strings.IndexByte(n, '.')+4] })
		got, golden := transcript(body), filepath.Join("testdata", c.name+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v\n%s", c.name, err, got)
		}
		if streams := strings.Contains(c.body, `"stream":true`); streams != strings.HasPrefix(header.Get("Content-Type"), "text/event-stream") || header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", c.name, header)
		}
	}
}

func TestPieces_AreTheText(t *testing.T) {
	for _, text := range []string{"", " ", "one", "one two  three\n\nfour ", "第十二条规则说明了一切都在这里没有空格所以需要切开" + strings.Repeat("字", 40), "a\u00a0b"} {
		got := pieces(text)
		if strings.Join(got, "") != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if got := pieces("one two  three"); len(got) != 3 || got[1] != "two  " {
		t.Errorf("%q", got)
	}
}

func TestChat_StopEndsTheReply(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	status, _, body := post(t, h.URL+"/v1/chat/completions", question("auto", "Why?", `"stop":["rule"]`))
	if status != http.StatusOK || !strings.Contains(body, `"content":"It has a "`) {
		t.Errorf("%d %s", status, body)
	}
}
