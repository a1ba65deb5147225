package llm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"slm/internal/ranks"
	"slm/model/kernel"
)

// Options is what New is given besides the recipe.
type Options struct {
	Journal string         // where replies are stored as they come; "" = in memory only
	Replay  []string       // files of replies to answer from, of checkpoints or journals: each must be whole
	Borrow  []string       // tables of replies in other runs' checkpoints to answer from too. One is read when it has what is asked for, and must be whole then; else it answers nothing
	Room    int64          // bytes of questions and replies that stay in memory, the last ones that were asked for. The others are read from the journal again; without one they are forgotten. 0 = all stay
	Offline bool           // answer from what is stored and replayed, and ask nothing
	Seed    uint64         // of the jitter of retries
	Dir     string         // what gguf:FILE is relative to
	Share   bool           // provider local: texts of several goroutines are written together, and are the same
	Ranks   *ranks.Team    // provider local: who answers beside this process, which is rank 0; nil = nobody
	Kernel  kernel.Backend // for provider local; nil = the best there is, opened at the first call
	Observe func(Call)     // told of every call when it is over; may be nil. It is called from several goroutines
	Note    func(string)   // told once what a server refuses and what is lost by it; may be nil. It is called from several goroutines

	// For tests; nil = the real ones.
	Getenv func(name string) string
	HTTP   *http.Client
}

// Call is one call, or several that went together, for a log.
type Call struct {
	Usage Usage // what it took
	Err   error // nil = answered
}

// Service is a Client with everything around it.
type Service struct {
	cfg      Config
	opt      Options
	provider provider
	crew     *crew // nil = this process answers alone
	store    *store
	meter    *meter
	pace     *pace
	label    *atomic.Pointer[string] // of whoever asks now
	shares   bool                    // all but the label and who is told is another service's, which is closed by its owner
}

var _ Client = (*Service)(nil)

// New opens the black box that the recipe names. It asks nothing and loads no weights yet, but says now what would fail later: a bad
// configuration, ErrAuth when the key's variable is not set, ErrNoWeights when the file is not there.
func New(cfg Config, opt Options) (*Service, error) {
	if err := cfg.validate(cfg.Kind().Vectors); err != nil {
		return nil, fmt.Errorf("llm: %w", err)
	}
	if opt.Getenv == nil {
		opt.Getenv = os.Getenv
	}
	p, err := openProvider(cfg, opt)
	if err != nil {
		return nil, err
	}
	return assemble(cfg, opt, p)
}

// assemble puts cache, budget and retries around a provider.
func assemble(cfg Config, opt Options, p provider) (*Service, error) {
	st, used, err := openStore(opt.Journal, opt.Offline, opt.Room)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	s := &Service{cfg: cfg, opt: opt, provider: p, crew: crewOf(cfg, opt, p), store: st, meter: newMeter(cfg.Budget, cfg.Price), pace: newPace(p.parallel()), label: newLabel()}
	s.meter.note(s.meter.cost(used))
	for _, path := range opt.Replay {
		if err := st.replay(path); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	st.lend(opt.Borrow)
	return s, nil
}

// Info says what is asked.
func (s *Service) Info() Info { return s.provider.info() }

// Usage is what the run has used so far, over all its restarts.
func (s *Service) Usage() Usage { return s.meter.usage() }

// Share gives another client of the same black box, for work that goes on beside this one's: replies, budget and pace are common, and a question that both
// have is asked once. What is used is remembered under the label of each, and observe, which may be nil, is told of the calls of this one alone. Closing it
// closes nothing.
func (s *Service) Share(observe func(Call)) *Service {
	v := *s
	v.opt.Observe, v.label, v.shares = observe, newLabel(), true
	return &v
}

// Stored gives a client that answers from what is stored and asks for nothing, in the manner of Share: what is missing is ErrOffline.
func (s *Service) Stored() *Service {
	v := s.Share(nil)
	v.opt.Offline = true
	return v
}

func newLabel() *atomic.Pointer[string] {
	var p atomic.Pointer[string]
	p.Store(new(string))
	return &p
}

// Label says who asks from now on: replies are remembered as used under that label, over all restarts of the run, and ExportArrow writes those.
func (s *Service) Label(label string) { s.label.Store(&label) }

// ReplyLimit is how many tokens a reply may have that had not come to its end with fewer.
func (s *Service) ReplyLimit() int { return s.cfg.MaxTokens }

// Used is the number of replies used under the label that holds.
func (s *Service) Used() int { return s.store.used(*s.label.Load()) }

// ExportArrow writes the replies used under the label that holds to an Arrow file sorted by key; without a label every reply that the run has
// used so far; with keys those.
func (s *Service) ExportArrow(path string, keys ...string) error {
	return s.store.export(path, *s.label.Load(), keys)
}

// Close ends the service. What it has stored is on disk already.
func (s *Service) Close() error {
	if s.shares {
		return nil
	}
	return errors.Join(s.store.close(), s.provider.close())
}

// Do answers requests from what is stored, and asks for the rest. Each reply is stored when it comes, so after an error, a cancelled
// context or a crash the same requests pay only for what is missing. Errors: the package's sentinels, those of ctx, of the disk.
func (s *Service) Do(ctx context.Context, reqs []Request) ([]Reply, error) {
	var calls []Request
	spans := make([]int, 0, len(reqs)) // end of each request's calls
	for _, r := range reqs {
		r, err := r.normal()
		if err != nil {
			return nil, err
		}
		if r.peek() && !s.Info().CanShow {
			return nil, fmt.Errorf("llm: %w: %s does not show its likeliest next tokens", ErrRequest, s.Info().Model)
		}
		if len(r.Options) > 0 && !s.Info().CanScore {
			return nil, fmt.Errorf("llm: %w: %s does not say how likely a text is; use answer: letter", ErrRequest, s.Info().Model)
		}
		calls = append(calls, s.split(r)...)
		spans = append(spans, len(calls))
	}
	got, err := s.fetch(ctx, calls)
	if err != nil {
		return nil, err
	}
	replies := make([]Reply, len(reqs))
	from := 0
	for i, end := range spans {
		replies[i] = join(got[from:end])
		from = end
	}
	return replies, nil
}

// split makes one call for each option where the provider needs that.
func (s *Service) split(r Request) []Request {
	if len(r.Options) < 2 || !s.cfg.Kind().Splits {
		return []Request{r}
	}
	parts := make([]Request, len(r.Options))
	for i := range parts {
		parts[i] = r
		parts[i].Options = r.Options[i : i+1]
	}
	return parts
}

// join is the inverse of split.
func join(parts []Reply) Reply {
	out := parts[0]
	out.Calls = len(parts)
	for _, p := range parts[1:] {
		out.Scores = append(out.Scores, p.Scores...)
		out.None = cmp.Or(out.None, p.None)
		out.PromptTokens += p.PromptTokens
		out.OutputTokens += p.OutputTokens
		out.Cached = out.Cached && p.Cached
	}
	return out
}

// fetch returns the replies to calls, each of which is asked at most once, however many want it at the same time.
func (s *Service) fetch(ctx context.Context, calls []Request) ([]Reply, error) {
	keys := make([]string, len(calls))
	for i, c := range calls {
		var err error
		if keys[i], err = s.Info().key(c); err != nil {
			return nil, err
		}
	}
	defer s.store.pin(keys)()
	asked := map[string]bool{}
	for {
		mine, others := s.store.claim(keys)
		if len(mine) == 0 && len(others) == 0 {
			break
		}
		for _, i := range mine {
			asked[keys[i]] = true
		}
		if err := s.askFor(ctx, calls, keys, mine); err != nil {
			return nil, err
		}
		for _, f := range others {
			select {
			case <-f:
			case <-ctx.Done():
				return nil, fmt.Errorf("llm: %w", ctx.Err())
			}
		}
	}
	if err := s.store.keep(*s.label.Load(), keys); err != nil {
		return nil, err
	}
	replies := make([]Reply, len(calls))
	hits := int64(0)
	for i, k := range keys {
		var err error
		if replies[i], err = s.store.get(k); err != nil {
			return nil, err
		}
		if replies[i].Cached = !asked[k]; replies[i].Cached {
			hits++
		}
	}
	s.meter.note(Usage{Hits: hits})
	return replies, nil
}

// askFor asks for some of the calls and ends their flights. After the first error no new call goes out; those under way
// are waited for and stored.
func (s *Service) askFor(ctx context.Context, calls []Request, keys []string, mine []int) error {
	if len(mine) == 0 {
		return nil
	}
	all := make([]string, len(mine))
	for i, m := range mine {
		all[i] = keys[m]
	}
	defer s.store.land(all)
	if s.opt.Offline {
		return fmt.Errorf("llm: %w: %d of %d replies are not stored; the first is to %q", ErrOffline, len(mine), len(keys), clip(calls[mine[0]].Prompt, 60))
	}
	if c, ok := s.provider.(batcher); ok && c.together() > 1 {
		return s.askBatches(ctx, c, calls, keys, mine)
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for len(mine) > 0 {
		if err := s.pace.begin(run); err != nil {
			break
		}
		part := mine[:min(s.atOnce(), len(mine))]
		mine = mine[len(part):]
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer s.pace.end()
			if err := s.askPart(run, ctx, calls, keys, part); err != nil {
				stop(err)
			}
		}()
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("llm: %w", err)
	}
	return context.Cause(run)
}

// grace is how long calls under way may still take after the run has been cancelled: their replies are paid for.
const grace = 3 * time.Second

// askPart asks for calls that go together, most often one, until they are answered or are not to be. run ends with the first error of any; ctx is
// the caller's.
func (s *Service) askPart(run, ctx context.Context, calls []Request, keys []string, part []int) error {
	err := s.attempt(run, keys[part[0]], func(n int) error { return s.once(run, calls, keys, part, n) })
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case len(part) > 1 && (errors.Is(err, ErrRequest) || errors.Is(err, ErrBudget)): // so many are refused, or one of them
		half := len(part) / 2
		s.provider.(grouper).fewer(half)
		if err := s.askPart(run, ctx, calls, keys, part[:half]); err != nil {
			return err
		}
		return s.askPart(run, ctx, calls, keys, part[half:])
	}
	if f := asFault(err); f.none != nil {
		return s.giveUp(calls[part[0]], keys[part[0]], f.none)
	}
	return err
}

// once makes one call within the budget and stores the replies, or that the call was in vain.
func (s *Service) once(ctx context.Context, calls []Request, keys []string, part []int, try int) error {
	reqs := make([]Request, len(part))
	for i, m := range part {
		reqs[i] = calls[m]
	}
	return s.call(ctx, reqs, try, func(replies []Reply) error {
		// In the journal before they are used, and before anything else can go wrong.
		entries := make([]entry, len(part))
		for i, m := range part {
			entries[i] = s.entry(keys[m], reqs[i], replies[i])
		}
		return s.store.put(*s.label.Load(), entries...)
	})
}

// call makes one call within the budget for requests that go together. keep is given the replies.
func (s *Service) call(ctx context.Context, reqs []Request, try int, keep func([]Reply) error) error {
	var worst Usage
	for _, r := range reqs {
		worst.add(r.Worst())
	}
	held, err := s.meter.reserve(ctx, worst)
	if err != nil {
		return err
	}
	turn, err := s.pace.enter(ctx)
	if err != nil {
		s.meter.settle(held, Usage{})
		return fmt.Errorf("llm: %w", err)
	}
	late, cancel := outlive(ctx, grace)
	defer cancel()
	replies, err := s.ask(late, reqs)
	used, said := Usage{Calls: 1}, asFault(err).said
	if err == nil {
		used, said = Usage{}, replies[0].said
		for i := range replies {
			used.add(replies[i].usage())
			replies[i].said = limits{}
		}
	}
	if try > 0 {
		used.Retries = 1
	}
	failed := asFault(err)
	if err != nil && failed.billed {
		used.PromptTokens, used.OutputTokens = held.PromptTokens, held.OutputTokens
	}
	s.pace.leave(turn, err, said, used.PromptTokens+used.OutputTokens)
	switch {
	case err == nil:
		err = keep(replies)
	case failed.sent:
		if serr := s.store.spend(used); serr != nil {
			err = fmt.Errorf("%w, after %s", serr, err) // final: no fault that another attempt mends
		}
	}
	s.meter.settle(held, used)
	s.observe(Call{used, err})
	return err
}

// ask makes one call for requests that go together.
func (s *Service) ask(ctx context.Context, reqs []Request) ([]Reply, error) {
	if g, ok := s.provider.(grouper); ok {
		return g.askGroup(ctx, reqs)
	}
	reply, err := s.provider.ask(ctx, reqs[0])
	return []Reply{reply}, err
}

// atOnce is how many requests go together in one call.
func (s *Service) atOnce() int {
	if g, ok := s.provider.(grouper); ok {
		return g.group()
	}
	return 1
}

// giveUp stores that a question has no answer. Its calls are counted already.
func (s *Service) giveUp(r Request, key string, n *NoAnswer) error {
	e := s.entry(key, r, Reply{None: n})
	e.Paid = false
	return s.store.put(*s.label.Load(), e)
}

func (s *Service) observe(c Call) {
	c.Usage = s.meter.cost(c.Usage)
	if s.opt.Observe != nil {
		s.opt.Observe(c)
	}
}

// usage is what a reply took.
func (r Reply) usage() Usage {
	return Usage{Calls: 1, PromptTokens: int64(r.PromptTokens), OutputTokens: int64(r.OutputTokens)}
}

// outlive gives a context that ends a while after the one given.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var timer *time.Timer
	var mu sync.Mutex
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		timer = time.AfterFunc(d, cancel)
	})
	return late, func() {
		stop()
		cancel()
		mu.Lock()
		defer mu.Unlock()
		if timer != nil {
			timer.Stop()
		}
	}
}

// clip shortens text for a message.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
