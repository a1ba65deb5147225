package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"slm/data/redact"
	"slm/llm"
	"slm/pipeline/experts"
	"slm/pipeline/rundir"
	"slm/pipeline/session"
	"slm/serve"
)

func newServe(a *app) *cobra.Command {
	f := serveFlags{Config: serve.Default()}
	cmd := &cobra.Command{
		Use: "serve RUN", GroupID: "use", Args: exact(1, "a run, or a file with experts"),
		Short: "Answer OpenAI's protocol over HTTP with a run",
		Long: "Serves a run until it is stopped: its systems at /v1/chat/completions, its small model and local LLM at /v1/completions with exact log-probabilities, its encoder at " +
			"/v1/embeddings, all that there is at /v1/models; /health, /ready and /metrics besides. A file with experts: [RUN, RUN] is served as ask has it. A reply says where it comes from in its field slm. A field that cannot be honoured is an error that names it. " +
			"Only this machine is answered, unless --key-env names the variables that hold clients' keys. While the LLM gives no answer, auto and checked reply with the corpus's own text, and say so. " +
			"The first SIGTERM or Ctrl-C ends it in good order, with exit status 0: requests that have begun are answered." +
			exits(exitCheckpoint),
		Example: "  slm serve legal\n  slm serve legal --addr 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem --key-env ALICE_KEY,rpm=60 --key-env CI_KEY,parallel=2 --daily-calls 5000",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.serve(cmd.Context(), args[0], f) },
	}
	addConnection(cmd, &f.set)
	fl := cmd.Flags()
	fl.StringVar(&f.addr, "addr", "127.0.0.1:8080", "listen at `ADDRESS`; one that other machines reach needs --key-env")
	fl.StringVar(&f.system, "system", "", "the usual system, by `NAME`, that /v1/models marks and the first request finds open (default: as ask has it)")
	fl.StringVar(&f.route, "route", "", "what auto is to reach where a request does not say: `TARGET`, as ask has it")
	fl.StringArrayVar(&f.keys, "key-env", nil, "let in whoever has the key in the environment `VARIABLE`[,rpm=N][,parallel=N]; give several for several clients")
	fl.StringVar(&f.cert, "tls-cert", "", "serve by TLS with the certificate in `FILE`")
	fl.StringVar(&f.key, "tls-key", "", "with --tls-cert: the private key, in `FILE`")
	fl.IntVar(&f.Places, "places", f.Places, "answer `N` requests at a time")
	fl.IntVar(&f.Waiting, "waiting", f.Waiting, "let `N` requests wait for a place; more are told to come again")
	fl.Int64Var(&f.Body, "max-body", f.Body, "refuse bodies of more than `N` bytes")
	fl.DurationVar(&f.Timeout, "timeout", f.Timeout, "the longest `TIME` for a request once it has a place")
	fl.DurationVar(&f.Patience, "llm-timeout", f.Patience, "the longest `TIME` for one answer of the LLM, retries included")
	fl.DurationVar(&f.drain, "drain", 30*time.Second, "the `TIME` that requests which have begun are given when the server is stopped")
	fl.Int64Var(&f.Day.Calls, "daily-calls", 0, "at most `N` calls of the LLM a day (UTC)")
	fl.Int64Var(&f.Day.Tokens, "daily-tokens", 0, "at most `N` tokens of the LLM a day")
	fl.Float64Var(&f.Day.USD, "daily-usd", 0, "at most `N` dollars for the LLM a day, where its price is known")
	fl.DurationVar(&f.watch, "watch", 0, "look every `TIME` whether the run has newer checkpoints, or its recipe a newer run, and answer from them")
	fl.StringSliceVar(&f.redact, "redact", nil, "hide personal data of these `KINDS` from the LLM: email, phone, iban, card, national_id; its reply has them again")
	fl.BoolVar(&f.offline, "offline", false, "ask nothing over the network: of an LLM behind a server, stored replies only")
	return cmd
}

type serveFlags struct {
	serve.Config
	set, keys               []string
	addr, system, cert, key string
	route                   string
	drain, watch            time.Duration
	offline                 bool
	redact                  []string
	hide                    *redact.Redactor // of those kinds; nil = nothing is hidden
}

// check refuses what would not be safe or contradicts itself, and reads the keys.
func (f *serveFlags) check(getenv func(string) string) error {
	host, _, err := net.SplitHostPort(f.addr)
	system := checkSystem(f.system)
	switch {
	case err != nil:
		return usage("--addr %s: HOST:PORT is wanted", f.addr)
	case !serve.Loopback(f.addr) && len(f.keys) == 0:
		return usage("--addr %s: other machines reach %s: name a key by --key-env", f.addr, cmp.Or(host, "every address of this one"))
	case (f.cert == "") != (f.key == ""):
		return usage("--tls-cert and --tls-key go together")
	case system != nil:
		return system
	case f.Places < 1 || f.Waiting < 0 || f.Body < 1:
		return usage("--places, --waiting and --max-body are numbers from 1, 0 and 1")
	case f.Timeout <= 0 || f.Patience <= 0 || f.drain < 0 || f.watch < 0:
		return usage("--timeout and --llm-timeout are longer than nothing")
	}
	if err := checkRoute(f.route); err != nil {
		return err
	}
	if len(f.redact) > 0 {
		if f.hide, err = redact.New(f.redact); err != nil {
			return usage("--redact: %v", err)
		}
	}
	for _, text := range f.keys {
		k, err := serve.ParseKey(text, getenv)
		if err != nil {
			return usage("--key-env: %v", err)
		}
		f.Keys = append(f.Keys, k)
	}
	return nil
}

func (a *app) serve(ctx context.Context, name string, f serveFlags) error {
	if err := f.check(func(v string) string { return a.getenv(v, "") }); err != nil {
		return err
	}
	f.Now = a.now
	f.Log = slog.New(slog.NewTextHandler(a.err, nil))
	if a.quiet {
		f.Log = a.log()
	}
	server := serve.New(f.Config)
	open := func(ctx context.Context, old serve.Run) (serve.Run, error) {
		run, err := a.openServed(ctx, name, f, server, old)
		if err != nil {
			return nil, err
		}
		if err := serve.Warm(ctx, run); err != nil {
			return nil, errors.Join(err, run.Close())
		}
		return run, nil
	}
	run, err := open(ctx, nil)
	if err != nil {
		return err
	}
	server.Put(run)
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if f.watch > 0 {
			server.Watch(watching, f.watch, func() string { return a.stamp(name) }, open)
		}
	}()
	err = server.Run(ctx, serve.Listen{Addr: f.addr, Cert: f.cert, Key: f.key, Drain: f.drain, Ready: func(at net.Addr) {
		scheme := "http"
		if f.cert != "" {
			scheme = "https"
		}
		_, _ = fmt.Fprintf(a.out, "%s://%s\n", scheme, at)
	}})
	stop()
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// openServed opens the run that a name means now. Where it is that of an older session, the two share the black box.
func (a *app) openServed(ctx context.Context, name string, f serveFlags, server *serve.Server, old serve.Run) (serve.Run, error) {
	if experts.Names(name) {
		return a.openTeam(ctx, name, f, server)
	}
	folder, err := rundir.Find(a.dir, name)
	if err != nil {
		return nil, err
	}
	if o, ok := old.(*session.Session); ok && o.Folder == folder {
		s, err := o.Again()
		if err != nil {
			return nil, err
		}
		s.System, s.Route = f.system, f.route
		return s, nil
	}
	return a.openOne(folder, f, server)
}

// openOne opens a run for many who ask.
func (a *app) openOne(folder string, f serveFlags, server *serve.Server) (s *session.Session, err error) {
	be, err := a.kernelOf(folder)
	if err != nil {
		return nil, err
	}
	s, err = session.Open(folder, session.Options{
		Kernel: be, Cut: f.offline, Share: true, Log: a.log(), Now: a.now, Set: f.set, Env: a.env,
		Redact: f.hide,
		Guard:  func(service *llm.Service) llm.Client { return server.Guard(service, s.Price()) },
	})
	if err != nil {
		return nil, err
	}
	s.System, s.Route = f.system, f.route
	return s, nil
}

// openTeam opens the runs that a file names, to be asked as one.
func (a *app) openTeam(ctx context.Context, file string, f serveFlags, server *serve.Server) (serve.Run, error) {
	folders, err := experts.Folders(file, a.dir)
	if err != nil {
		return nil, err
	}
	stamp := experts.Stamp(folders)
	router, err := experts.NewRouter(ctx, folders)
	if err != nil {
		return nil, err
	}
	var runs []*session.Session
	for _, folder := range folders {
		s, err := a.openOne(folder, f, server)
		if err != nil {
			return nil, errors.Join(err, experts.NewTeam(router, runs, stamp).Close())
		}
		runs = append(runs, s)
	}
	return experts.NewTeam(router, runs, stamp), nil
}

// stamp says which run a name means now, with its checkpoints, or which runs; "" while one is being made.
func (a *app) stamp(name string) string {
	if !experts.Names(name) {
		folder, err := rundir.Find(a.dir, name)
		if err != nil || rundir.Look(folder).Locked != "" {
			return ""
		}
		return session.Stamp(folder)
	}
	folders, err := experts.Folders(name, a.dir)
	if err != nil || slices.ContainsFunc(folders, func(f string) bool { return rundir.Look(f).Locked != "" }) {
		return ""
	}
	return experts.Stamp(folders)
}
