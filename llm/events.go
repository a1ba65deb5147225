package llm

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"
)

// streamOptions asks for the usage behind the text.
type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// wireEvent is a piece of a reply that comes as server-sent events.
type wireEvent struct {
	Model   string `json:"model"`
	Choices []struct {
		Index        int          `json:"index"`
		Delta        replyMessage `json:"delta"`
		FinishReason string       `json:"finish_reason"`
	} `json:"choices"`
	Usage json.RawMessage `json:"usage"`
}

// isEvents reports whether a content type is that of server-sent events.
func isEvents(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && media == "text/event-stream"
}

// readEvents reads a streamed chat and returns it in the form of a whole reply; of a failure in the stream what the server says of it. heard is told the
// text so far. A stream that ends before its last event is io.ErrUnexpectedEOF.
func readEvents(body io.Reader, heard func(string)) ([]byte, error) {
	var (
		in              = bufio.NewReader(io.LimitReader(body, maxBody))
		model, finish   string
		said, thoughts  bytes.Buffer
		refusal         string
		usage           = json.RawMessage("null")
		begun, finished bool
	)
	for !finished {
		line, err := in.ReadBytes('\n')
		data, is := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:"))
		data = bytes.TrimSpace(data)
		switch {
		case !is: // a comment, another field, or the end of an event
		case bytes.Equal(data, []byte("[DONE]")):
			finished = true
		case errorIn(data) != nil:
			return bytes.Clone(data), nil
		default:
			var e wireEvent
			if err := json.Unmarshal(data, &e); err != nil {
				return nil, fmt.Errorf("an event is broken: %w", err)
			}
			if begun = true; e.Model != "" {
				model = e.Model
			}
			if len(e.Usage) > 0 {
				usage = e.Usage
			}
			for _, c := range e.Choices {
				if c.Index != 0 {
					continue
				}
				if c.FinishReason != "" {
					finish = c.FinishReason
				}
				d := c.Delta
				thoughts.WriteString(d.Reasoning.text + d.Reasoning.thoughts + d.Thoughts.text + d.Thoughts.thoughts + d.Content.thoughts)
				refusal += d.Refusal + d.Content.refusal
				if said.WriteString(d.Content.text); d.Content.text != "" {
					heard(said.String())
				}
			}
		}
		if errors.Is(err, io.EOF) && finish != "" {
			break // some servers leave the last event out
		}
		if errors.Is(err, io.EOF) && !finished {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && !finished {
			return nil, err
		}
	}
	choices := []any{}
	if begun {
		message := map[string]any{"role": "assistant", "content": said.String(), "refusal": refusal, "reasoning_content": thoughts.String()}
		choices = append(choices, map[string]any{"index": 0, "message": message, "finish_reason": finish})
	}
	return json.Marshal(map[string]any{"model": model, "choices": choices, "usage": usage})
}

// open is the part of a text that is not whole yet which may be told: no secret stands in it, nor the beginning of one.
func (p *openAI) open(text string) string {
	longest := 0
	for _, s := range p.secrets() {
		longest = max(longest, len(s()))
	}
	for n := min(longest, len(text)); n > 0; n-- {
		tail := text[len(text)-n:]
		if slices.ContainsFunc(p.secrets(), func(s secret) bool { return strings.HasPrefix(s(), tail) }) {
			text = text[:len(text)-n]
			break
		}
	}
	for _, s := range p.secrets() {
		text = s.hide(text)
	}
	return text
}
