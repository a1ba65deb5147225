package llm

import (
	"net/http"
	"testing"
	"time"
)

const servedAt = "Sun, 22 Nov 2026 03:00:00 GMT" // 1795316400; no clock of the tests agrees

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestLimits_TimesInHeadersAreReadInEveryFormAndByTheServersClock(t *testing.T) {
	for _, c := range []struct {
		value, date string
		want        time.Duration
		ok          bool
	}{
		{"3", "", 3 * time.Second, true}, {"0", "", 0, true}, {" 1.5 ", "", 1500 * time.Millisecond, true}, {"1e5", "", 1e5 * time.Second, true},
		{"120ms", "", 120 * time.Millisecond, true}, {"6m0s", "", 6 * time.Minute, true}, {"-2s", "", -2 * time.Second, false},
		{"Sun, 22 Nov 2026 03:01:00 GMT", servedAt, 61 * time.Second, true}, {"Sunday, 22-Nov-26 03:00:05 GMT", servedAt, 6 * time.Second, true},
		{"2026-11-22T03:01:00Z", servedAt, 61 * time.Second, true}, {"1795316460", servedAt, 61 * time.Second, true}, {"1795316460000", servedAt, 61 * time.Second, true},
		{"Sun, 22 Nov 2026 02:00:00 GMT", servedAt, 0, true}, {"1795316000", servedAt, 0, true},
		{"Sun, 22 Nov 2026 03:01:00 GMT", "", 0, false}, {"1795316460", "", 0, false}, {"1795316460", "yesterday", 0, false},
		{"", servedAt, 0, false}, {"-1", "", 0, false}, {"NaN", "", 0, false}, {"soon", servedAt, 0, false}, {"9e7", "", 1e6 * time.Second, true}, {"1e300", "", 1e6 * time.Second, true},
		{"Sun, 22 Nov 9999 03:01:00 GMT", servedAt, 1e6 * time.Second, true}, {"2562047h", "", 1e6 * time.Second, true},
	} {
		got, ok := retryAfter(headers("Retry-After", c.value, "Date", c.date))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q at %q: %s %v", c.value, c.date, got, ok)
		}
	}
}

func TestLimits_AllowancesAreReadUnderTheNamesOfManyServers(t *testing.T) {
	for _, c := range []struct {
		h                http.Header
		requests, tokens *allowance
	}{
		{headers("x-ratelimit-remaining-requests", "59", "x-ratelimit-reset-requests", "1s"), &allowance{left: 59, reset: time.Second}, nil},
		{headers("x-ratelimit-remaining-tokens", "149984", "x-ratelimit-reset-tokens", "6m0s"), nil, &allowance{left: 149984, reset: 6 * time.Minute}},
		{headers("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795316460", "Date", servedAt), &allowance{reset: 61 * time.Second}, nil},
		{headers("X-RateLimit-Remaining", "4", "X-RateLimit-Reset-After", "2.5"), &allowance{left: 4, reset: 2500 * time.Millisecond}, nil},
		{headers("RateLimit-Remaining", "7", "RateLimit-Reset", "30"), &allowance{left: 7, reset: 30 * time.Second}, nil},
		{headers("anthropic-ratelimit-requests-remaining", "1", "anthropic-ratelimit-requests-reset", "2026-11-22T03:00:09Z", "Date", servedAt), &allowance{left: 1, reset: 10 * time.Second}, nil},
		{headers("x-ratelimit-remaining-requests", "59"), nil, nil},
		{headers("x-ratelimit-remaining-requests", "-1", "x-ratelimit-reset-requests", "1s"), nil, nil},
		{headers("x-ratelimit-remaining-requests", "many", "x-ratelimit-reset-requests", "1s"), nil, nil},
		{headers("x-ratelimit-remaining-requests", "3", "x-ratelimit-reset-requests", "later"), nil, nil},
	} {
		got := readLimits(c.h)
		same := func(a, b *allowance) bool { return a == b || a != nil && b != nil && *a == *b }
		if !same(got.requests, c.requests) || !same(got.tokens, c.tokens) {
			t.Errorf("%v: %+v %+v", c.h, got.requests, got.tokens)
		}
	}
}
