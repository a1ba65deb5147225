package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

const testKey = "sk-very-secret-0123456789"

// fakeServer speaks the protocol as recorded in testdata/openai. Its model is made up, and the same text always gets the same reply.
type fakeServer struct {
	*httptest.Server
	mu      sync.Mutex
	fault   func(n int, prompt string, w http.ResponseWriter) bool // true = it has answered the n-th call (from 0) itself
	prompts []string                                               // of every call that came in, in order
	served  map[string]int                                         // how often a prompt was answered well, and so paid for
	noUsage bool
	bytes   bool // offsets in bytes
	change  func(*completionReply)
}

// serve starts a server that is reached through memory: below testing/synctest its time and that of its clients stand still while
// anybody works, and minutes of waiting pass at once.
func serve(t *testing.T) *fakeServer {
	f := &fakeServer{served: map[string]int{}}
	l := &memory{host: fmt.Sprintf("server-%d.test", hosts.count.Add(1)), calls: make(chan net.Conn), closed: make(chan struct{})}
	hosts.at.Store(l.host+":80", l)
	f.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(f.handle)}}
	f.Start()
	t.Cleanup(f.Close)
	return f
}

// hosts are the servers that are reached through memory.
var hosts struct {
	at    sync.Map // "host:80" → *memory
	count atomic.Int64
}

// memory is a listener and its own address.
type memory struct {
	host   string
	calls  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *memory) Network() string { return "memory" }
func (l *memory) String() string  { return l.host }
func (l *memory) Addr() net.Addr  { return l }
func (l *memory) Close() error    { l.once.Do(func() { close(l.closed) }); return nil }
func (l *memory) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// throughMemory is a client that reaches those servers, and other addresses as usual.
func throughMemory() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		at, ok := hosts.at.Load(addr)
		if !ok {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}
		l := at.(*memory)
		here, there := net.Pipe()
		select {
		case l.calls <- there:
			return here, nil
		case <-l.closed:
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}}
}

// config asks this server by likelihood, without waiting long.
func (f *fakeServer) config() Config {
	c := Default()
	c.Provider, c.Model, c.URL, c.KeyEnv, c.Timeout = OpenAI, "fake-1", f.URL+"/v1", "TEST_LLM_KEY", 5*time.Second
	return c
}

func (f *fakeServer) handle(w http.ResponseWriter, r *http.Request) {
	var body struct {
		completionRequest
		Messages []chatMessage `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	prompt, _ := body.Prompt.(string)
	if len(body.Messages) > 0 {
		prompt = body.Messages[0].Content
	}
	f.mu.Lock()
	n := len(f.prompts)
	f.prompts = append(f.prompts, prompt)
	fault := f.fault
	f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+testKey {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"error":{"message":"Incorrect API key provided: %s","type":"invalid_request_error","code":"invalid_api_key"}}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		return
	}
	if fault != nil && fault(n, prompt, w) {
		return
	}
	reply := f.reply(prompt, r.URL.Path, body.Echo)
	reply.Model = body.Model
	if f.change != nil {
		f.change(reply)
	}
	f.mu.Lock()
	f.served[prompt]++
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply)
}

var tokenPattern = regexp.MustCompile(` ?[\pL\pN]+|\s|.`)

// reply makes up tokens and log-probabilities from the text.
func (f *fakeServer) reply(prompt, path string, echo bool) *completionReply {
	var r completionReply
	r.Choices = append(r.Choices, wireChoice{FinishReason: "stop"})
	choice := &r.Choices[0]
	tokens := tokenPattern.FindAllString(prompt, -1)
	if !f.noUsage {
		r.Usage = &wireUsage{len(tokens), 1}
	}
	text := fmt.Sprint(" reply ", fakeLogProb(prompt, "x"))
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		letter := "B"
		choice.Message = &replyMessage{Content: content{text: letter}}
	case !echo:
		choice.Text = &text
	default:
		full := prompt + "!"
		choice.Text = &full
		choice.LogProbs = &wireLogProbs{}
		lp, at, before := choice.LogProbs, 0, ""
		for i, tok := range append(tokens, "!") {
			lp.Tokens, lp.TextOffset = append(lp.Tokens, tok), append(lp.TextOffset, at)
			if p := fakeLogProb(before, tok); i == 0 {
				lp.TokenLogProbs = append(lp.TokenLogProbs, nil)
			} else {
				lp.TokenLogProbs = append(lp.TokenLogProbs, &p)
			}
			before += tok
			if f.bytes {
				at = len(before)
			} else {
				at = utf8.RuneCountInString(before)
			}
		}
	}
	return &r
}

// MarshalJSON writes a message's text as servers do.
func (c content) MarshalJSON() ([]byte, error) { return json.Marshal(c.text) }

// fakeLogProb is between −8 and 0 and depends on everything before the token.
func fakeLogProb(before, token string) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(before + "\x00" + token))
	return -float64(h.Sum32()%8000+1) / 1000
}

// paidTwice lists prompts that were answered more than once.
func (f *fakeServer) paidTwice() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for p, n := range f.served {
		if n > 1 {
			out = append(out, p)
		}
	}
	return out
}

func (f *fakeServer) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.prompts)
}
