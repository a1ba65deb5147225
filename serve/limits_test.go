package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"slm/pipeline/session"
)

// slow is a run whose answers wait.
type slow struct {
	fake
	begun, release chan struct{}
	gone           chan struct{} // one a question whose context ended
}

func newSlow() *slow {
	s := &slow{begun: make(chan struct{}, 100), release: make(chan struct{}), gone: make(chan struct{}, 100)}
	s.ask = func(ctx context.Context, q session.Question) (*session.Answer, error) {
		s.begun <- struct{}{}
		select {
		case <-s.release:
			return answerTo(q), nil
		case <-ctx.Done():
			s.gone <- struct{}{}
			return nil, ctx.Err()
		}
	}
	return s
}

func TestServer_OverCapacityIsToldToComeAgain(t *testing.T) {
	cfg := config()
	cfg.Places, cfg.Waiting = 2, 1
	run := newSlow()
	s, h := serving(t, cfg, run)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if status, _, body := post(t, h.URL+"/v1/chat/completions", question("auto", "Why?")); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	for range 2 {
		<-run.begun
	}
	for {
		if _, waiting := s.queue.state(); waiting == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	status, header, body := post(t, h.URL+"/v1/chat/completions", question("auto", "Why?"))
	if _, code := failure(t, body); status != http.StatusTooManyRequests || code != "over_capacity" || header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", status, header, body)
	}
	close(run.release)
	wg.Wait()
	if busy, waiting := s.queue.state(); busy != 0 || waiting != 0 {
		t.Errorf("%d places and %d waiting are left over", busy, waiting)
	}
}

func TestServer_ClientThatGoesAwayFreesItsPlace(t *testing.T) {
	before := runtime.NumGoroutine()
	run := newSlow()
	s := New(config())
	s.Put(run)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	at := make(chan net.Addr, 1)
	go func() {
		served <- s.Run(ctx, Listen{Addr: "127.0.0.1:0", Drain: time.Second, Ready: func(a net.Addr) { at <- a }})
	}()
	url := "http://" + (<-at).String()
	for _, more := range []string{`"stream":true`, `"stream":false`} {
		asking, leave := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(asking, http.MethodPost, url+"/v1/chat/completions", strings.NewReader(question("auto", "Why?", more)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		done := make(chan struct{})
		go func() {
			defer close(done)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}()
		<-run.begun
		leave()
		<-run.gone
		<-done
	}
	for range 100 {
		if busy, _ := s.queue.state(); busy == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if busy, _ := s.queue.state(); busy != 0 {
		t.Errorf("%d places are still taken", busy)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if run.closed.Load() != 1 {
		t.Error("the run is not closed")
	}
	settles(t, before)
}

func TestRun_DrainsWhatIsUnderWay(t *testing.T) {
	before := runtime.NumGoroutine()
	run := newSlow()
	s := New(config())
	s.Put(run)
	ctx, cancel := context.WithCancel(context.Background())
	served, at := make(chan error, 1), make(chan net.Addr, 1)
	go func() {
		served <- s.Run(ctx, Listen{Addr: "127.0.0.1:0", Drain: 10 * time.Second, Ready: func(a net.Addr) { at <- a }})
	}()
	url := "http://" + (<-at).String()
	got := make(chan string, 1)
	go func() {
		status, _, body := post(t, url+"/v1/chat/completions", question("auto", "Why?"))
		got <- fmt.Sprint(status, body)
	}()
	<-run.begun
	cancel()
	<-s.ending
	close(run.release)
	if body := <-got; !strings.HasPrefix(body, "200") {
		t.Error(body)
	}
	if err := <-served; err != nil || run.closed.Load() != 1 {
		t.Error(err, run.closed.Load())
	}
	if _, err := http.Get(url + "/health"); err == nil {
		t.Error("it still listens")
	}
	settles(t, before)
}

func TestRun_CutsOffWhatDoesNotEnd(t *testing.T) {
	run := newSlow()
	s := New(config())
	s.Put(run)
	ctx, cancel := context.WithCancel(context.Background())
	served, at := make(chan error, 1), make(chan net.Addr, 1)
	go func() {
		served <- s.Run(ctx, Listen{Addr: "127.0.0.1:0", Drain: 20 * time.Millisecond, Ready: func(a net.Addr) { at <- a }})
	}()
	url := "http://" + (<-at).String()
	got := make(chan int, 1)
	go func() {
		status, _, _ := post(t, url+"/v1/chat/completions", question("auto", "Why?"))
		got <- status
	}()
	<-run.begun
	cancel()
	<-run.gone
	if status := <-got; status != statusGone {
		t.Error(status)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestServer_WhatTheDeadlineBreaksOffIsATimeout has a run that says in its own words that it was interrupted, as a database does.
func TestServer_WhatTheDeadlineBreaksOffIsATimeout(t *testing.T) {
	cfg := config()
	cfg.Timeout = 10 * time.Millisecond
	run := &fake{ask: func(ctx context.Context, _ session.Question) (*session.Answer, error) {
		<-ctx.Done()
		return nil, errors.New("interrupted (9)")
	}}
	_, h := serving(t, cfg, run)
	for _, more := range []string{`"stream":false`, `"stream":true`} {
		_, _, body := post(t, h.URL+"/v1/chat/completions", question("auto", "Why?", more))
		if !strings.Contains(body, `"code":"timeout"`) {
			t.Errorf("%s: %s", more, body)
		}
	}
}

func TestServer_KeysAndTheirLimits(t *testing.T) {
	cfg := config()
	env := map[string]string{"ALICE": "alice-has-a-long-key", "BOB": "bob-has-a-long-key-too", "SHORT": "short"}
	for _, text := range []string{"ALICE,rpm=6", "BOB,parallel=1"} {
		k, err := ParseKey(text, func(v string) string { return env[v] })
		if err != nil {
			t.Fatal(err)
		}
		cfg.Keys = append(cfg.Keys, k)
	}
	for _, bad := range []string{"SHORT", "NOBODY", "ALICE,rpm", "ALICE,rpm=0", "ALICE,tokens=5"} {
		if _, err := ParseKey(bad, func(v string) string { return env[v] }); err == nil || strings.Contains(err.Error(), "alice-has") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	run := newSlow()
	_, h := serving(t, cfg, run)
	url := h.URL + "/v1/chat/completions"
	for _, header := range []string{"", "Bearer wrong", "Basic alice-has-a-long-key", "alice-has-a-long-key"} {
		status, _, body := post(t, url, question("auto", "Why?"), "Authorization", header)
		if _, code := failure(t, body); status != http.StatusUnauthorized || code != "invalid_api_key" {
			t.Errorf("%q: %d %s", header, status, body)
		}
	}
	for _, path := range []string{"/v1/models", "/metrics"} {
		if resp, err := http.Get(h.URL + path); err != nil || resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a key: %v %v", path, resp, err)
		}
	}
	first := make(chan int)
	go func() {
		status, _, _ := post(t, url, question("auto", "Why?"), "Authorization", "Bearer bob-has-a-long-key-too")
		first <- status
	}()
	<-run.begun
	status, header, body := post(t, url, question("auto", "Why?"), "Authorization", "Bearer bob-has-a-long-key-too")
	if _, code := failure(t, body); status != http.StatusTooManyRequests || code != "rate_limit_exceeded" || header.Get("Retry-After") != "1" {
		t.Errorf("a second one of Bob: %d %s", status, body)
	}
	close(run.release)
	if status := <-first; status != http.StatusOK {
		t.Error(status)
	}
	if status, _, _ := post(t, url, question("auto", "Why?"), "Authorization", "Bearer alice-has-a-long-key"); status != http.StatusOK {
		t.Error(status)
	}
	status, header, body = post(t, url, question("auto", "Why?"), "Authorization", "bearer alice-has-a-long-key")
	if status != http.StatusTooManyRequests || header.Get("Retry-After") != "10" {
		t.Errorf("a second one of Alice within ten seconds: %d %v %s", status, header, body)
	}
}

func TestServer_PagesOfOtherSitesAreRefused(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	url := h.URL + "/v1/chat/completions"
	for _, header := range [][]string{{"Origin", "http://evil.example"}, {"Host", "evil.example:8080"}, {"Host", "evil.example"}} {
		if status, _, body := post(t, url, question("auto", "Why?"), header...); status != http.StatusForbidden {
			t.Errorf("%v: %d %s", header, status, body)
		}
	}
	if status, header, body := post(t, url, question("auto", "Why?"), "Origin", h.URL); status != http.StatusOK || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("its own page: %d %s", status, body)
	}
	if status, _, _ := post(t, url, question("auto", "Why?"), "Content-Type", "text/plain"); status != http.StatusUnsupportedMediaType {
		t.Errorf("what a form can send: %d", status)
	}
	for addr, want := range map[string]bool{"127.0.0.1:80": true, "localhost:80": true, "[::1]:80": true, ":80": false, "0.0.0.0:80": false, "192.168.1.5:80": false, "127.0.0.1.evil.example:80": false} {
		if Loopback(addr) != want {
			t.Errorf("Loopback(%s) is %v", addr, !want)
		}
	}
}

func TestServer_LogsNoText(t *testing.T) {
	var log bytes.Buffer
	cfg := config()
	cfg.Body = 1000
	cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	run := &fake{ask: func(_ context.Context, q session.Question) (*session.Answer, error) {
		return nil, fmt.Errorf("cannot answer %q", q.Text)
	}}
	_, h := serving(t, cfg, run)
	status, header, body := post(t, h.URL+"/v1/chat/completions", question("auto", "What is my secret?"))
	if status != http.StatusInternalServerError || strings.Contains(body, "secret") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := post(t, h.URL+"/v1/chat/completions", question("auto", strings.Repeat("secret ", 1000))); status != http.StatusRequestEntityTooLarge {
		t.Error(status)
	}
	if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), header.Get("X-Request-Id")) {
		t.Error(log.String())
	}
}
