package llm

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// allowance is how much a server still takes before it gives again.
type allowance struct {
	left   int64
	reset  time.Duration // from now
	tokens bool          // it was given in tokens
}

// limits is what a server's headers say about its patience.
type limits struct {
	wait     time.Duration // Retry-After; 0 = not said
	requests *allowance    // nil = not said
	tokens   *allowance
}

// The names that headers of allowances have with different servers: what is left, and when it is renewed.
var (
	requestHeaders = [][2]string{
		{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"}, {"X-Ratelimit-Remaining", "X-Ratelimit-Reset"}, {"X-Ratelimit-Remaining", "X-Ratelimit-Reset-After"},
		{"Ratelimit-Remaining", "Ratelimit-Reset"}, {"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	}
	tokenHeaders = [][2]string{
		{"X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"}, {"Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	}
)

func readLimits(h http.Header) limits {
	wait, _ := retryAfter(h)
	return limits{wait, readAllowance(h, requestHeaders), readAllowance(h, tokenHeaders)}
}

// readAllowance takes the first pair of headers that can be read.
func readAllowance(h http.Header, names [][2]string) *allowance {
	for _, n := range names {
		left, err := strconv.ParseInt(strings.TrimSpace(h.Get(n[0])), 10, 64)
		reset, ok := span(h.Get(n[1]), h)
		if err == nil && ok && left >= 0 {
			return &allowance{left: left, reset: reset}
		}
	}
	return nil
}

// retryAfter reads the header of that name. false = absent or unreadable.
func retryAfter(h http.Header) (time.Duration, bool) {
	return span(h.Get("Retry-After"), h)
}

// span reads a time from now: seconds ("1.5"), a duration ("6m0s", "120ms"), seconds or milliseconds since 1970, or a date. Points of time
// are compared with the response's own Date, so that the clocks of the two machines need not agree; both are cut to seconds, so one more is
// waited for. false = absent or unreadable.
func span(text string, h http.Header) (time.Duration, bool) {
	const (
		ages   = 1e8  // seconds: more are since 1970
		longer = 1e11 // seconds: more are milliseconds
		most   = 1e6  // seconds
	)
	text = strings.TrimSpace(text)
	s, err := strconv.ParseFloat(text, 64)
	if err == nil && !(s >= 0) { // negative, or NaN
		return 0, false
	}
	if err == nil && (s < ages || s > 1e15) {
		return time.Duration(math.Min(s, most) * float64(time.Second)), true
	}
	if d, derr := time.ParseDuration(text); derr == nil {
		return min(d, most*time.Second), d >= 0
	}
	var at time.Time
	switch {
	case err == nil && s < longer:
		at = time.Unix(int64(s), 0)
	case err == nil:
		at = time.UnixMilli(int64(s))
	default:
		if at, err = http.ParseTime(text); err != nil {
			at, err = time.Parse(time.RFC3339, text)
		}
		if err != nil {
			return 0, false
		}
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, false
	}
	if !at.After(now) {
		return 0, true
	}
	return min(at.Sub(now), (most-1)*time.Second) + time.Second, true
}
