package llm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// errorIn finds what a body says of a failure, in the forms that servers have: OpenAI's {"error": …}, the same in a list (Gemini), the error's
// fields at the top (vLLM, Mistral), FastAPI's {"detail": …}. nil = it says nothing of one.
func errorIn(body []byte) *wireError {
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("[")) {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) != nil || len(list) == 0 {
			return nil
		}
		body = list[0]
	}
	var b struct {
		Error   *wireError      `json:"error"`
		Choices json.RawMessage `json:"choices"`
		Message string          `json:"message"`
		Msg     string          `json:"msg"`
		Detail  any             `json:"detail"`
		Code    any             `json:"code"`
	}
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	switch {
	case b.Error.some() != nil:
		return b.Error
	case len(b.Choices) > 0:
		return nil
	case b.Message != "":
		var e wireError
		if json.Unmarshal(body, &e) == nil {
			return &e
		}
	case b.Msg != "":
		return &wireError{Message: b.Msg, Code: words(b.Code)}
	case b.Detail != nil:
		return &wireError{Message: words(b.Detail)}
	}
	return nil
}

// What words in codes and types stand for, where there is no status, and at last in messages. The first that is found counts.
var (
	codeWords = []struct {
		status int
		words  *regexp.Regexp
	}{
		{402, regexp.MustCompile(`(?i)insufficient_(quota|balance|credit)|billing|payment`)},
		{429, regexp.MustCompile(`(?i)rate_?limit|resource_?exhausted|too_?many|throttl|quota`)},
		{401, regexp.MustCompile(`(?i)api_key|authentication|unauthori[sz]ed|unauthenticated|permission|forbidden|access_?denied`)},
		{503, regexp.MustCompile(`(?i)overloaded|unavailable|capacity|warming`)},
		{500, regexp.MustCompile(`(?i)server_?error|internal|timeout|timed_?out|upstream|bad_?gateway|api_?error|api_?connection`)},
		{400, regexp.MustCompile(`(?i)invalid|bad_?request|not_?found|context_length|unsupported|content`)},
	}
	messageWords = []struct {
		status int
		words  *regexp.Regexp
	}{
		{402, regexp.MustCompile(`(?i)insufficient (quota|balance|credit)|exceeded your current quota`)},
		{429, regexp.MustCompile(`(?i)rate.?limit|too many requests`)},
		{503, regexp.MustCompile(`(?i)overloaded|at capacity|unavailable|loading model|try again`)},
		{400, regexp.MustCompile(`(?i)no such model|not found|does not exist|unknown model|unexpected endpoint|not supported|unsupported|invalid`)},
	}
)

// status is the HTTP status that an error stands for: its code, or what its words come to; 0 = it does not say.
func (e *wireError) status() int {
	if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n < 600 {
		return n
	}
	for _, w := range codeWords {
		if w.words.MatchString(e.Code) || w.words.MatchString(e.Type) {
			return w.status
		}
	}
	for _, w := range messageWords {
		if w.words.MatchString(e.Message) {
			return w.status
		}
	}
	return 0
}

// filters are the words with which content filters refuse a question.
var filters = regexp.MustCompile(`(?i)content[_ -]?(filter|policy|management|moderation)|contentpolicy|responsible ?ai|data_?inspection|exists risk|flagged|moderation|invalid_prompt|prohibited[_ ]content|` +
	`blocked by .{0,40}(safety|policy)|safety (system|setting|filter|reasons)|violat\w+ .{0,60}polic|usage polic`)

// filtered says that a content filter refuses the question, and not the server the request.
func (e *wireError) filtered(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusUnavailableForLegalReasons:
		return filters.MatchString(e.Code + " " + e.Type + " " + e.Message + " " + e.more)
	}
	return false
}

// lengths are the words with which servers say that prompt and reply are too long together, or the reply alone.
var lengths = regexp.MustCompile(`(?i)context[_ ](length|window|size)|maximum context|max_model_len|exceed.{0,40}context|too many tokens|` +
	`(max_tokens|max_completion_tokens|max_new_tokens|output tokens|completion tokens).{0,80}(too (large|high|big)|exceed|at most|less than or equal|greater than|maximum|must be|range)|n_ctx|prompt is too long|reduce the length`)

// failure is a call that did not succeed, by its HTTP status or, in a reply of status 200, by what its error stands for. e may be nil, said is what
// the server gave as a reason.
func (p *openAI) failure(status int, e *wireError, said string, heard limits) *fault {
	f := &fault{sent: true, said: heard}
	if e == nil {
		e = &wireError{Message: said}
	}
	shown := fmt.Sprintf("says %d", status)
	if status == http.StatusOK {
		shown = "says 200, with an error"
		if status = e.status(); status == 0 {
			status = http.StatusInternalServerError // it did not end the reply, and does not say why
		}
		if _, err := strconv.Atoi(e.Code); err == nil {
			shown += " " + e.Code
		}
	}
	kind := ErrRequest
	switch {
	case e.filtered(status):
		f.none = none(Refused, p.hide(said))
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		kind = ErrAuth
	case status == http.StatusPaymentRequired || strings.Contains(e.Code+" "+e.Type, "insufficient_quota"):
		kind = ErrQuota
	case status == http.StatusTooManyRequests:
		kind, f.again, f.limited = ErrQuota, true, true
	case status == http.StatusServiceUnavailable || status == statusOverloaded:
		kind, f.again, f.limited = ErrUnavailable, true, true
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict || status == http.StatusTooEarly:
		kind, f.again = ErrUnavailable, true
	default:
		f.long = lengths.MatchString(e.Code + " " + e.Message + " " + e.more)
	}
	f.err = fmt.Errorf("llm: %w: %s %s: %s", kind, p.server, shown, clip(p.hide(said), 300))
	return f
}

// statusOverloaded is Anthropic's status for too much to do.
const statusOverloaded = 529

// refused is a reply with a status that is no success, or with an error in it.
func (p *openAI) refused(sent sampling, status int, raw []byte, heard limits) *fault {
	e := errorIn(raw)
	if e == nil {
		return p.failure(status, nil, strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "")), " "), heard)
	}
	if f := p.dialect.adapt(sent, status, e, p.server, heard); f != nil {
		return f
	}
	return p.failure(status, e, e.text(), heard)
}

// ending is how a reply came to its end.
type ending int

const (
	endedWhole ending = iota
	endedCut
	endedWithheld
	endedBroken
)

// endingOf reads a finish_reason, in the words of many servers. Gemini adds the reason behind a colon.
func endingOf(reason string) ending {
	reason, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(reason)), ":")
	switch strings.ReplaceAll(reason, " ", "_") {
	case "length", "max_tokens", "model_length", "max_output_tokens", "token_limit":
		return endedCut
	case "content_filter", "content_filtered", "safety", "refusal", "refused", "recitation", "prohibited_content", "blocklist", "spii", "sensitive", "guardrail_intervened", "guardrails":
		return endedWithheld
	case "error", "failed", "failure", "network_error", "insufficient_system_resource", "abort", "aborted", "cancelled", "canceled", "timeout", "unknown_error", "malformed_response", "other":
		return endedBroken
	}
	return endedWhole
}
