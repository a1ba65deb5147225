package store

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

const secret = "not-in-any-message"

// environment is what a store is opened with.
func environment(endpoint string) func(string) string {
	return func(name string) string {
		return map[string]string{"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": secret, "AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": "us-east-1"}[name]
	}
}

// faults spoil requests on their way. The chances are per thousand.
type faults struct {
	fail, drop, cut int           // answer with 500; lose the reply; break off in a body
	slow            time.Duration // at most, of each request
	next            http.RoundTripper
	count           atomic.Int64
}

var errCut = errors.New("the connection breaks off")

func (f *faults) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.slow > 0 {
		time.Sleep(time.Duration(rand.Int64N(int64(f.slow))))
	}
	switch n := rand.IntN(1000); {
	case n < f.fail:
		f.count.Add(1)
		if r.Body != nil {
			_ = r.Body.Close()
		}
		text := `<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code><Message>try again</Message></Error>`
		return &http.Response{StatusCode: 500, Status: "500 Internal Server Error", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
	case n < f.fail+f.drop:
		f.count.Add(1)
		if resp, err := f.next.RoundTrip(r); err == nil {
			_ = resp.Body.Close()
		}
		return nil, errCut
	case n < f.fail+f.drop+f.cut && r.Body != nil && r.ContentLength > 1: // half of what is sent arrives
		f.count.Add(1)
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
	case n < f.fail+f.drop+f.cut: // half of what is read comes
		resp, err := f.next.RoundTrip(r)
		if err == nil && resp.ContentLength > 1 && r.Method == http.MethodGet {
			f.count.Add(1)
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

// server is an S3 server, and how it is reached.
type server struct{ endpoint string }

// inProcess is the server of gofakes3.
func inProcess(t *testing.T, options ...gofakes3.Option) server {
	t.Helper()
	back := s3mem.New()
	if err := back.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(gofakes3.New(back, options...).Server())
	t.Cleanup(s.Close)
	return server{s.URL}
}

// moto is the server of Python's moto. The long form alone has it.
func moto(t *testing.T) server {
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
	s := server{"http://127.0.0.1:18213"}
	for range 300 {
		r, err := http.NewRequest(http.MethodPut, s.endpoint+"/bucket", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("moto does not answer")
	return s
}

// eachServer runs a test against the servers that there are.
func eachServer(t *testing.T, test func(*testing.T, server)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) server{"gofakes3": func(t *testing.T) server { return inProcess(t) }, "moto": moto} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// at opens the store of a server, with faults on the way; nil = none. Parts are as small as S3 allows.
func (s server) at(t *testing.T, f *faults) *Store {
	t.Helper()
	transport := http.RoundTripper(http.DefaultTransport.(*http.Transport).Clone())
	if f != nil {
		f.next, transport = transport, f
	}
	st, err := open("s3://bucket/some/prefix", environment(s.endpoint), transport)
	if err != nil {
		t.Fatal(err)
	}
	st.part = 5 << 20
	return st
}
