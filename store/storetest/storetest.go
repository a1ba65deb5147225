// Package storetest runs S3 servers for tests, and spoils what goes to them. Nothing else imports it.
package storetest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"slm/rng"
)

// Secret is the key of all servers: no message and no file may have it.
const Secret = "not-in-any-message"

// Environment is what a store at an endpoint is opened with.
func Environment(endpoint string) func(string) string {
	return func(name string) string {
		return map[string]string{"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": Secret, "AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": "us-east-1"}[name]
	}
}

// Faults spoil requests on their way. The chances are per thousand.
type Faults struct {
	Fail, Drop, Cut int           // answer with 500; lose the reply; break off in a body
	Slow            time.Duration // at most, of each request
	Seed            uint64
	Count           atomic.Int64 // of faults
	requests        atomic.Int64
	once            sync.Once
	next            http.RoundTripper
}

var errCut = errors.New("the connection breaks off")

// RoundTrip passes a request on, or spoils it.
func (f *Faults) RoundTrip(r *http.Request) (*http.Response, error) {
	draw := rng.New(f.Seed, "faults").At(uint64(f.requests.Add(1)))
	f.once.Do(func() { f.next = http.DefaultTransport.(*http.Transport).Clone() })
	if f.Slow > 0 {
		time.Sleep(time.Duration(draw.IntN(int(f.Slow))))
	}
	switch n := draw.IntN(1000); {
	case n < f.Fail:
		f.Count.Add(1)
		if r.Body != nil {
			_ = r.Body.Close()
		}
		text := `<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>try again</Message></Error>`
		return &http.Response{StatusCode: 500, Status: "500 Internal Server Error", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
	case n < f.Fail+f.Drop:
		f.Count.Add(1)
		if resp, err := f.next.RoundTrip(r); err == nil {
			_ = resp.Body.Close()
		}
		return nil, errCut
	case n < f.Fail+f.Drop+f.Cut && r.Body != nil && r.ContentLength > 1: // half of what is sent arrives
		f.Count.Add(1)
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		half := r.Clone(r.Context())
		half.Body = io.NopCloser(io.MultiReader(bytes.NewReader(data[:len(data)/2]), broken{}))
		if resp, err := f.next.RoundTrip(half); err == nil {
			_ = resp.Body.Close()
		}
		return nil, errCut
	case n < f.Fail+f.Drop+f.Cut: // half of what is read comes
		resp, err := f.next.RoundTrip(r)
		if err == nil && resp.ContentLength > 1 && r.Method == http.MethodGet {
			f.Count.Add(1)
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(resp.Body, resp.ContentLength/2), broken{}), resp.Body}
		}
		return resp, err
	}
	return f.next.RoundTrip(r)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errCut }

// Bucket is the bucket that each server has.
const Bucket = "bucket"

// InProcess starts the server of gofakes3 and returns its endpoint.
func InProcess(t *testing.T, options ...gofakes3.Option) string {
	t.Helper()
	back := s3mem.New()
	if err := back.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(gofakes3.New(back, options...).Server())
	t.Cleanup(s.Close)
	return s.URL
}

// Moto starts the server of Python's moto and returns its endpoint. The long form alone has it.
func Moto(t *testing.T) string {
	t.Helper()
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("SLM_TEST_ALL is not set")
	}
	program, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("pip install 'moto[server]==5.2.1' brings the server")
	}
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", "18213")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	endpoint := "http://127.0.0.1:18213"
	for range 300 {
		r, err := http.NewRequest(http.MethodPut, endpoint+"/"+Bucket, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
			return endpoint
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("moto does not answer")
	return ""
}

// Each runs a test against the servers that there are.
func Each(t *testing.T, test func(t *testing.T, endpoint string)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) string{"gofakes3": func(t *testing.T) string { return InProcess(t) }, "moto": Moto} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}
