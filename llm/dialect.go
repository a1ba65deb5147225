package llm

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// dialect is what a server has refused of OpenAI's protocol. It is learnt from refusals and holds for the run.
type dialect struct {
	mu            sync.Mutex
	newLimit      bool // it wants max_completion_tokens, as OpenAI's models that think do
	noTemperature bool
	noStop        bool
	noSeed        bool
	noStream      bool
	noHalves      bool         // it tells nothing of next tokens where half a character is generated, as llama.cpp's server
	note          func(string) // tells the user what replies lose by it; may be nil
}

// sampling is a request's limits and manner in the server's words.
func (d *dialect) sampling(tokens int, stop []string) sampling {
	d.mu.Lock()
	defer d.mu.Unlock()
	zero := 0.0
	s := sampling{MaxTokens: &tokens, Temperature: &zero, Stop: stop}
	if d.newLimit {
		s.MaxTokens, s.MaxCompletionTokens = nil, &tokens
	}
	if d.noTemperature {
		s.Temperature = nil
	}
	if d.noStop {
		s.Stop = nil
	}
	return s
}

// drawing makes a completion a draw.
func (d *dialect) drawing(s sampling, r Request) sampling {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.Temperature > 0 && s.Temperature != nil {
		s.Temperature = &r.Temperature
	}
	if r.Temperature > 0 && !d.noSeed {
		s.Seed = &r.Sample
	}
	return s
}

// streaming asks for the reply piece by piece, unless the server refuses that.
func (d *dialect) streaming(s sampling) sampling {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.noStream {
		s.Stream, s.Options = true, &streamOptions{IncludeUsage: true}
	}
	return s
}

// whole reports whether the server is to generate whole characters, because it tells nothing of others.
func (d *dialect) whole() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.noHalves
}

// learnWhole is told that it is.
func (d *dialect) learnWhole() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noHalves = true
}

var unsupported = regexp.MustCompile(`(?i)unsupported|not support|not compatible|not permitted|not allowed|unrecognized|unknown (parameter|field|argument)|extra inputs|only the default|deprecated`)

// adapt learns from the refusal of a parameter that was sent; nil = it is no such refusal. The call is to be made again, at once and in the new way.
func (d *dialect) adapt(sent sampling, status int, e *wireError, server string, heard limits) *fault {
	text := e.Param + " " + e.Code + " " + e.Message + " " + e.more
	if status != 200 && (status < 400 || status == 429 || status >= 500) || !unsupported.MatchString(text) {
		return nil
	}
	names := func(param string) bool {
		return e.Param == param || regexp.MustCompile(`\b`+param+`\b`).MatchString(e.Message+" "+e.more)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var refused []string
	learn := func(flag *bool, param, loss string) {
		if refused = append(refused, param); !*flag && loss != "" && d.note != nil {
			d.note(fmt.Sprintf("%s refuses %s, which is left out%s", server, param, loss))
		}
		*flag = true
	}
	if sent.MaxTokens != nil && (names("max_tokens") || names("max_completion_tokens")) {
		learn(&d.newLimit, "max_tokens", "")
	}
	if sent.Temperature != nil && names("temperature") {
		learn(&d.noTemperature, "temperature", ": the same question may get another reply the next time")
	}
	if sent.Seed != nil && names("seed") {
		learn(&d.noSeed, "seed", "")
	}
	if sent.Stop != nil && names("stop") {
		learn(&d.noStop, "stop", "")
	}
	if sent.Stream && (names("stream") || names("stream_options")) {
		learn(&d.noStream, "stream", "")
	}
	if len(refused) == 0 {
		return nil
	}
	return &fault{
		err: fmt.Errorf("llm: %w: %s refuses %s", ErrRequest, server, strings.Join(refused, " and ")), again: true, adapted: true, sent: true, said: heard,
	}
}
