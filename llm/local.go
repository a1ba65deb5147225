package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"slm/data/tokenizer"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/schedule"
)

var localProvider = Provider{
	Name: Local, Meaning: "weights in this process", Keys: []string{"weights"}, Weights: true,
	validate: Config.validateLocal,
	open:     func(c Config, opt Options) (provider, error) { return newLocal(c, opt) },
}

func (c Config) validateLocal(problem func(string, ...any)) {
	if c.Model == "" {
		return
	}
	if _, err := findModel(c.Model, "", func(string) string { return "" }); err != nil {
		problem("model: %w", err)
	}
}

// local runs weights in this process. They are loaded at the first call.
type local struct {
	id    Info
	many  int  // requests that go through the network together
	share bool // those of several goroutines too
	open  func() (engine, error)
	words func() (*tokenizer.Tokenizer, error) // read once, without the weights

	mu     sync.Mutex // one call at a time: the kernels use all cores already
	engine engine
	failed error

	writes atomic.Pointer[schedule.Scheduler] // what writes the texts of many; nil = nobody has asked for one yet
}

// scoring is a request in tokens.
type scoring struct {
	prefix        []int32
	continuations [][]int32
}

// completion is a prompt in tokens, to be continued by maxNew at most.
type completion struct {
	prompt []int32
	maxNew int
	line   bool // it ends at a line break

	temperature float64 // above 0: tokens are drawn
	sample      uint64
}

// engine is a loaded model.
type engine interface {
	// score returns the summed log-probability of each job's continuations after its prefix.
	score(ctx context.Context, jobs []scoring) ([][]float64, error)
	// generate continues each prompt greedily.
	generate(ctx context.Context, jobs []completion) ([][]int32, error)
	// encode turns text, or a user's message, into tokens, with the start token in front if the model has one.
	encode(text string, chat bool) ([]int32, error)
	// lines says that messages are continued as plain text, and that a reply ends at a line break.
	lines() bool
	decode(tokens []int32) string
	// context is how many tokens the model reads.
	context() int
	close() error
}

func newLocal(cfg Config, opt Options) (*local, error) {
	m, err := findModel(cfg.Model, opt.Dir, opt.Getenv)
	if err != nil {
		return nil, fmt.Errorf("llm: model: %w", err)
	}
	if !opt.Offline {
		if err := m.check(); err != nil {
			return nil, err
		}
	}
	be := opt.Kernel
	if be == nil {
		if be, err = kernel.Open(""); err != nil {
			return nil, fmt.Errorf("llm: %w", err)
		}
	}
	digest := m.sha256
	if digest == "" {
		if digest, err = m.digest(); err != nil {
			return nil, err
		}
	}
	name := string(be.Class().Products())
	switch cfg.Weights {
	case Int8:
		name = decode.Int8Name(be)
	case File:
		name = decode.FileName(be)
	}
	l := &local{many: 1, id: Info{Provider: Local, Model: cfg.Model, Digest: digest + "+" + name, CanScore: true}}
	if be.Traits().BatchInvariant {
		l.many, l.share = batchSize, opt.Share
	}
	l.open = func() (engine, error) { return loadEngine(m, be, cfg.Weights) }
	l.words = sync.OnceValues(func() (*tokenizer.Tokenizer, error) { return tokenizerOf(m) })
	return l, nil
}

// batchSize is how many requests are scored together: enough rows for the kernels, and still a matter of a second or two.
const batchSize = 16

func (l *local) info() Info    { return l.id }
func (l *local) parallel() int { return 1 }

func (l *local) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.engine == nil {
		return nil
	}
	e := l.engine
	l.engine, l.failed = nil, errors.New("llm: closed")
	return e.close()
}

// load opens the weights once; a failure stays.
func (l *local) load() (engine, error) {
	if l.engine == nil && l.failed == nil {
		l.engine, l.failed = l.open()
	}
	return l.engine, l.failed
}

// ready loads the weights, or says why they cannot be.
func (l *local) ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.load()
	return err
}

// together is how many requests askAll takes. What else is asked at the time must not reach the last bits of a reply, or a run that was
// interrupted would end in other bytes: where the kernel does not promise that, it is one.
func (l *local) together() int { return l.many }

// ask answers one request.
func (l *local) ask(ctx context.Context, r Request) (Reply, error) {
	replies, err := l.askAll(ctx, []Request{r})
	if err != nil {
		return Reply{}, err
	}
	return replies[0], nil
}

// askAll answers requests. They go through the network together, those with options each with one prefix for all its options.
func (l *local) askAll(ctx context.Context, reqs []Request) ([]Reply, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.load()
	if err != nil {
		return nil, err
	}
	replies := make([]Reply, len(reqs))
	var jobs []scoring
	var texts []completion
	var scored, written []int // requests
	for i, r := range reqs {
		if len(r.Options) == 0 {
			t, err := begin(e, r)
			if err != nil {
				return nil, err
			}
			texts, written = append(texts, t), append(written, i)
			continue
		}
		var j scoring
		if j.prefix, j.continuations, err = cut(e, r); err != nil {
			return nil, err
		}
		jobs, scored = append(jobs, j), append(scored, i)
	}
	if len(jobs) > 0 {
		sums, err := e.score(ctx, jobs)
		if err != nil {
			return nil, fmt.Errorf("llm: score: %w", err)
		}
		for k, j := range jobs {
			if replies[scored[k]], err = j.reply(sums[k]); err != nil {
				return nil, err
			}
		}
	}
	if len(texts) > 0 {
		var heard func([]int32)
		if told := listener(ctx); told != nil && len(reqs) == 1 {
			heard = func(tokens []int32) { told(untilStop(e.decode(tokens), reqs[0].Stop)) }
		}
		got, err := l.generate(ctx, e, texts, heard)
		if err != nil {
			return nil, fmt.Errorf("llm: generate: %w", err)
		}
		for k, i := range written {
			text := e.decode(got[k])
			r := Reply{Text: untilStop(text, reqs[i].Stop), PromptTokens: len(texts[k].prompt), OutputTokens: len(got[k])}
			r.Cut = len(got[k]) == texts[k].maxNew && r.Text == text
			replies[i] = r
		}
	}
	return replies, nil
}

// generate continues texts. The caller holds the lock, which others may have meanwhile where texts are shared. There heard is told the first text's tokens.
func (l *local) generate(ctx context.Context, e engine, texts []completion, heard func([]int32)) ([][]int32, error) {
	w, ok := e.(*loaded)
	drawn := slices.ContainsFunc(texts, func(t completion) bool { return t.temperature > 0 })
	if !l.share || !ok || drawn { // the two ways round the shares of a draw differently
		return e.generate(ctx, texts)
	}
	l.writes.Store(w.together())
	l.mu.Unlock()
	defer l.mu.Lock()
	return w.share(ctx, texts, heard)
}

// reply puts sums of log-probabilities into words.
func (j scoring) reply(sums []float64) (Reply, error) {
	reply := Reply{PromptTokens: len(j.prefix)}
	for o, c := range j.continuations {
		if math.IsNaN(sums[o]) || math.IsInf(sums[o], 0) {
			return Reply{}, fmt.Errorf("llm: %w: the log-probability of option %d is %v", ErrScores, o+1, sums[o])
		}
		reply.Scores = append(reply.Scores, Score{LogProb: sums[o], Tokens: len(c)})
		reply.PromptTokens += len(c)
	}
	return reply, nil
}

// cut encodes prompt and option together, as the text stands, and cuts where all options and the prompt itself still agree. So the seam
// is never a place where the tokenizer would not break; where it would, the tokens across it count for every option alike.
func cut(e engine, r Request) (prefix []int32, continuations [][]int32, err error) {
	if r.Chat {
		if prefix, err = e.encode(r.Prompt, true); err != nil {
			return nil, nil, err
		}
	} else if prefix, err = e.encode(r.Prompt, false); err != nil {
		return nil, nil, err
	}
	begins, err := e.encode("", false) // the start token of texts, which does not stand in the middle of one
	if err != nil {
		return nil, nil, err
	}
	whole := make([][]int32, len(r.Options))
	shared := len(prefix)
	for i, o := range r.Options {
		if r.Chat { // the answer begins behind a special token, across which nothing merges
			tail, err := e.encode(o, false)
			if err != nil {
				return nil, nil, err
			}
			whole[i] = append(append([]int32{}, prefix...), tail[len(begins):]...)
		} else if whole[i], err = e.encode(r.Prompt+o, false); err != nil {
			return nil, nil, err
		}
		n := 0
		for n < shared && n < len(whole[i])-1 && whole[i][n] == prefix[n] {
			n++
		}
		shared = n
		if len(whole[i]) > e.context() {
			return nil, nil, fmt.Errorf("llm: %w: %d tokens, and the model reads %d", ErrTooLong, len(whole[i]), e.context())
		}
	}
	if shared == 0 {
		return nil, nil, fmt.Errorf("llm: %w: the prompt has no token of its own", ErrRequest)
	}
	for _, w := range whole {
		continuations = append(continuations, w[shared:])
	}
	return prefix[:shared], continuations, nil
}

// begin encodes what is to be continued.
func begin(e engine, r Request) (completion, error) {
	prompt, err := e.encode(r.Prompt, r.Chat)
	if err != nil {
		return completion{}, err
	}
	if n := len(prompt) + r.MaxTokens; n > e.context() {
		return completion{}, &fault{err: fmt.Errorf("llm: %w: %d tokens with the reply, and the model reads %d", ErrTooLong, n, e.context()), long: true}
	}
	return completion{prompt, r.MaxTokens, r.Chat && e.lines(), r.Temperature, uint64(r.Sample)}, nil
}

// untilStop cuts a text in front of the first stop string.
func untilStop(text string, stop []string) string {
	end := len(text)
	for _, s := range stop {
		if s == "" {
			continue
		}
		for i := 0; i+len(s) <= end; i++ {
			if text[i:i+len(s)] == s {
				end = i
				break
			}
		}
	}
	return text[:end]
}

var _ batcher = (*local)(nil)
