package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"slm/llm"
)

// Config is how a server serves.
type Config struct {
	Keys     []Key         // nil = anybody may ask
	Places   int           // requests at work at a time
	Waiting  int           // requests that may wait for a place
	Body     int64         // the longest body; bytes
	Timeout  time.Duration // for a request, once it has a place
	Patience time.Duration // for one answer of the LLM
	Alone    time.Duration // for which an LLM that fails is not asked
	Day      llm.Budget    // of the LLM, for a day in UTC; 0 = no limit
	Log      *slog.Logger
	Now      func() time.Time
}

// Default is a configuration for one machine, without a clock.
func Default() Config {
	return Config{Places: 16, Waiting: 64, Body: 1 << 20, Timeout: 2 * time.Minute, Patience: time.Minute, Alone: leftAlone, Log: slog.New(slog.DiscardHandler)}
}

// Server answers requests with a run.
type Server struct {
	cfg     Config
	runs    holder
	queue   *queue
	clients []*client
	guard   *guard
	metrics *metrics
	mux     *http.ServeMux
	ending  chan struct{} // closed when the server drains
}

// New makes a server without a run; see Put.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, queue: newQueue(cfg.Places, cfg.Waiting, cfg.Now), clients: newClients(cfg.Keys), mux: http.NewServeMux(), ending: make(chan struct{})}
	s.guard = newGuard(cfg.Day, cfg.Patience, cfg.Alone, cfg.Now, func(outcome string) { s.metrics.calls.WithLabelValues(outcome).Inc() })
	s.metrics = newMetrics(s)
	s.handle("POST /v1/chat/completions", s.chat)
	s.handle("POST /v1/completions", s.completions)
	s.handle("POST /v1/embeddings", s.embeddings)
	s.handle("GET /v1/models", s.models)
	s.handle("GET /v1/models/{id}", s.model)
	s.handle("GET /source", s.source)
	s.mux.HandleFunc("GET /{$}", s.page)
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	s.mux.HandleFunc("GET /ready", s.ready)
	s.mux.HandleFunc("GET /metrics", s.guarded(s.metrics.handler().ServeHTTP))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		newFault(http.StatusNotFound, invalidRequest, "unknown_url", "no such endpoint, or not by this method").write(w)
	})
	return s
}

// Guard stands before the black box of a run: what is stored, the day's budget, a circuit breaker.
func (s *Server) Guard(service *llm.Service, price *llm.Price) llm.Client {
	return s.guard.before(service, price)
}

// Put makes a run the one that answers from now on, and closes the one before when its last request is done.
func (s *Server) Put(run Run) { s.runs.put(run) }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	_, done, ok := s.runs.get()
	if ok {
		done()
	}
	select {
	case <-s.ending:
		ok = false
	default:
	}
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "not ready\n")
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// guarded lets in those who may ask.
func (s *Server) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.admit(r); err != nil {
			faultOf(err).write(w)
			return
		}
		next(w, r)
	}
}

// admit says who asks, or why nobody may.
func (s *Server) admit(r *http.Request) (*client, error) {
	if len(s.clients) == 0 && foreign(r) {
		return nil, newFault(http.StatusForbidden, invalidRequest, "foreign_origin", "without a key only programs and pages of this machine are answered")
	}
	return s.clientOf(r)
}

// exchange is a request on its way.
type exchange struct {
	id     string
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	run    Run
	client *client
	model  string    // that was asked; "" = not known yet, or none of the run's
	since  time.Time // when it got its place
	sent   bool      // the status is on its way, so an error cannot have its own
	status int
}

// turn is whose turn a request takes at a model: its client's. Those without a key are not told apart, so each of their requests has its own.
func (x *exchange) turn() string {
	if x.client == anybody {
		return x.id
	}
	return x.client.name
}

// handle puts around an endpoint what all have: an id, who asks, a bounded body, a place, a deadline, a line in the log.
func (s *Server) handle(pattern string, answer func(context.Context, *exchange) error) {
	_, endpoint, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{id: newID(), w: w, r: r, status: http.StatusOK, client: &client{}, since: s.cfg.Now()}
		w.Header().Set("X-Request-Id", x.id)
		err := s.serve(x, answer)
		if err != nil {
			f := faultOf(err)
			x.status = f.status
			if !x.sent {
				f.write(w)
			}
		}
		took := s.cfg.Now().Sub(x.since)
		s.metrics.requests.WithLabelValues(endpoint, x.model, x.client.name, strconv.Itoa(x.status)).Inc()
		s.metrics.seconds.WithLabelValues(endpoint).Observe(took.Seconds())
		level := slog.LevelInfo
		attrs := []any{"id", x.id, "endpoint", endpoint, "model", x.model, "client", x.client.name, "status", x.status, "ms", took.Milliseconds()}
		if x.status >= http.StatusInternalServerError {
			level = slog.LevelError
			attrs = append(attrs, "kind", kindOf(err))
		}
		s.cfg.Log.Log(context.WithoutCancel(r.Context()), level, "request", attrs...)
	})
}

// serve admits a request and answers it.
func (s *Server) serve(x *exchange, answer func(context.Context, *exchange) error) error {
	c, err := s.admit(x.r)
	if err != nil {
		return err
	}
	x.client = c
	if x.r.Method == http.MethodPost {
		if x.body, err = s.read(x.w, x.r); err != nil {
			return err
		}
	}
	away, err := c.enter(s.cfg.Now())
	if err != nil {
		return err
	}
	defer away()
	if x.r.Method == http.MethodPost {
		leave, err := s.queue.enter(x.r.Context(), c.name)
		if err != nil {
			return err
		}
		defer leave()
	}
	run, done, ok := s.runs.get()
	if !ok {
		f := newFault(http.StatusServiceUnavailable, serverError, "not_ready", "the run is not open yet")
		f.after = time.Second
		return f
	}
	defer done()
	x.run, x.since = run, s.cfg.Now()
	ctx, cancel := context.WithTimeout(x.r.Context(), s.cfg.Timeout)
	defer cancel()
	return answer(ctx, x)
}

// read reads a body of bounded length.
func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind := r.Header.Get("Content-Type"); !isJSON(kind) {
		return nil, newFault(http.StatusUnsupportedMediaType, invalidRequest, "", "send Content-Type: application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.Body))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, newFault(http.StatusRequestEntityTooLarge, invalidRequest, "body_too_long", "the body has more than %d bytes", s.cfg.Body)
	case err != nil:
		return nil, newFault(http.StatusBadRequest, invalidRequest, "", "the body did not come whole")
	}
	return body, nil
}

// send writes a whole response.
func (x *exchange) send(v any) error {
	x.w.Header().Set("Content-Type", "application/json")
	x.sent = true
	enc := json.NewEncoder(x.w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may be gone
	return nil
}

// newID is a request's id. It is drawn by the system, and nothing depends on it.
func newID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
