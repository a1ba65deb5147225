package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"slm/llm"
)

// stream writes server-sent events, one a chunk.
type stream struct {
	x       *exchange
	now     func() time.Time
	control *http.ResponseController
	enc     *json.Encoder
	buf     strings.Builder
	failed  error
}

// writeWithin is how long one event may take to leave: a client that reads no more is gone.
const writeWithin = 30 * time.Second

func newStream(x *exchange, now func() time.Time) *stream {
	s := &stream{x: x, now: now, control: http.NewResponseController(x.w)}
	s.enc = json.NewEncoder(&s.buf)
	s.enc.SetEscapeHTML(false)
	h := x.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	x.sent = true
	return s
}

// event sends a chunk at once.
func (s *stream) event(v any) {
	s.buf.Reset()
	if s.failed == nil {
		s.failed = s.enc.Encode(v)
	}
	s.write("data: " + strings.TrimSuffix(s.buf.String(), "\n") + "\n\n")
}

func (s *stream) write(text string) {
	if s.failed != nil {
		return
	}
	_ = s.control.SetWriteDeadline(s.now().Add(writeWithin)) // not every writer can; the request's own deadline holds besides
	if _, s.failed = s.x.w.Write([]byte(text)); s.failed == nil {
		s.failed = s.control.Flush()
	}
}

// end closes the stream in order.
func (s *stream) end() error {
	s.write("data: [DONE]\n\n")
	return s.err()
}

// fail says in the stream why it ends early. There is no [DONE] then.
func (s *stream) fail(err error) error {
	s.event(map[string]any{"error": faultOf(err)})
	return err
}

// err is that the client went away.
func (s *stream) err() error {
	if s.failed != nil {
		return context.Canceled
	}
	return nil
}

// pieces cuts a text behind its white space, so that a client can show it as it comes. Together they are the text.
func pieces(text string) (out []string) {
	from, space := 0, false
	for i, r := range text {
		if space && !unicode.IsSpace(r) || i-from >= longestPiece {
			out = append(out, text[from:i])
			from = i
		}
		space = unicode.IsSpace(r)
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

// longestPiece is for scripts without spaces. // bytes
const longestPiece = 8 * utf8.UTFMax

// chatChunk is OpenAI's, with where the answer comes from in the chunk that has it.
type chatChunk struct {
	ID      string            `json:"id"`
	Object  string            `json:"object"`
	Created int64             `json:"created"`
	Model   string            `json:"model"`
	Choices []chatChunkChoice `json:"choices"`
	Usage   json.RawMessage   `json:"usage,omitempty"` // null before the last where it is asked for; absent where not
	SLM     *origin           `json:"slm,omitempty"`
}

type chatChunkChoice struct {
	Index        int       `json:"index"`
	Delta        chatDelta `json:"delta"`
	Logprobs     any       `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

type chatDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

// chat answers /v1/chat/completions.
func (s *Server) chat(ctx context.Context, x *exchange) error {
	r, question, err := parseChat(x.body)
	if err != nil {
		return err
	}
	if err := s.known(ctx, x, r.Model); err != nil {
		return err
	}
	r.Model = x.model
	created := s.cfg.Now().Unix()
	if r.Stream {
		return s.chatStream(ctx, x, r, question, created)
	}
	reply, err := s.answer(ctx, x.run, r, question, nil)
	if err != nil {
		return err
	}
	s.count(x.model, reply.usage)
	return x.send(chatResponse{
		ID: "chatcmpl-" + x.id, Object: "chat.completion", Created: created, Model: r.Model, Usage: reply.usage, SLM: reply.from,
		Choices: []chatChoice{{Message: chatMessage{Role: "assistant", Content: reply.text}, FinishReason: reply.finish}},
	})
}

// chatStream sends the role, then what the LLM is given, then the reply, then why it ends.
func (s *Server) chatStream(ctx context.Context, x *exchange, r *chatRequest, question string, created int64) error {
	out := newStream(x, s.cfg.Now)
	chunk := func(d chatDelta) chatChunk {
		c := chatChunk{ID: "chatcmpl-" + x.id, Object: "chat.completion.chunk", Created: created, Model: r.Model, Choices: []chatChunkChoice{{Delta: d}}}
		if r.usage {
			c.Usage = json.RawMessage("null")
		}
		return c
	}
	empty := ""
	out.event(chunk(chatDelta{Role: "assistant", Content: &empty}))
	sent := ""
	first := sync.OnceFunc(func() {
		s.metrics.first.WithLabelValues("/v1/chat/completions").Observe(s.cfg.Now().Sub(x.since).Seconds())
	})
	send := func(list []string) {
		for _, p := range list {
			first()
			out.event(chunk(chatDelta{Content: &p}))
			sent += p
		}
	}
	ctx = llm.Hear(ctx, func(text string) {
		if text = r.open(text); len(text) > len(sent) && strings.HasPrefix(text, sent) {
			list := pieces(text[len(sent):])
			send(list[:len(list)-1]) // the last may go on: how a reply is cut does not depend on when it comes
		}
	})
	reply, err := s.answer(ctx, x.run, r, question, func(o *origin) {
		c := chunk(chatDelta{})
		c.SLM = o
		out.event(c)
	})
	switch {
	case err != nil || strings.HasPrefix(reply.text, sent):
	case reply.from.Degraded != "":
		err = newFault(http.StatusServiceUnavailable, serverError, "llm_unavailable", "the language model has broken off its reply")
	default:
		err = newFault(http.StatusBadGateway, serverError, "reply_changed", "the language model has begun its reply anew, and it is another one: ask again")
	}
	if err != nil {
		return out.fail(err)
	}
	send(pieces(reply.text[len(sent):]))
	last := chunk(chatDelta{})
	last.Choices[0].FinishReason, last.SLM = &reply.finish, reply.from
	out.event(last)
	if r.usage {
		c := chunk(chatDelta{})
		c.Choices, c.Usage = []chatChunkChoice{}, reply.usage.json()
		out.event(c)
	}
	s.count(x.model, reply.usage)
	return out.end()
}

// open is the part of a reply that is not whole yet which may be sent: it ends before a text that stops the reply, and before what may become one.
func (r *chatRequest) open(text string) string {
	if end := firstOf([]byte(text), r.Stop); end >= 0 {
		text = text[:end]
	}
	hold := 0
	for _, stop := range r.Stop {
		for n := min(len(stop)-1, len(text)); n > hold; n-- {
			if strings.HasSuffix(text, stop[:n]) {
				hold = n
			}
		}
	}
	return strings.ToValidUTF8(text[:len(text)-hold], string(utf8.RuneError))
}

// count counts tokens.
func (s *Server) count(model string, u *usage) {
	s.metrics.tokens.WithLabelValues(model, "read").Add(float64(u.PromptTokens))
	s.metrics.tokens.WithLabelValues(model, "written").Add(float64(u.CompletionTokens))
}
