package llm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"slm/data/tokenizer"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/schedule"
	"slm/model/weights"
	"slm/rng"
)

// loaded is an engine over a file of weights, which is closed again.
type loaded struct {
	tok     *tokenizer.Tokenizer
	chat    weights.Chat
	base    bool  // it has no chat template
	noChat  error // why a message cannot be rendered; nil = it can
	decoder *decode.Decoder
	stop    []int32
	breaks  []int32 // stop, and the tokens that are line breaks

	once      sync.Once
	scheduler *schedule.Scheduler // at first use
}

// loadEngine reads weights, tokenizer and chat template. A file that is not what it should be is ErrNoWeights.
func loadEngine(m localModel, be kernel.Backend, precision string) (engine, error) {
	src, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrNoWeights, err)
	}
	e := &loaded{}
	if err := errors.Join(e.load(src, be, precision), src.Close()); err != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrNoWeights, err)
	}
	return e, nil
}

// tokenizerOf reads a model's tokenizer alone.
func tokenizerOf(m localModel) (*tokenizer.Tokenizer, error) {
	src, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrNoWeights, err)
	}
	tok, err := src.Tokenizer()
	if err := errors.Join(err, src.Close()); err != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrNoWeights, err)
	}
	return tok, nil
}

func (e *loaded) load(src weights.Source, be kernel.Backend, precision string) (err error) {
	if e.tok, err = src.Tokenizer(); err != nil {
		return err
	}
	e.base = src.ChatTemplate() == ""
	e.chat, e.noChat = weights.ChatOf(src, e.tok)
	if err = e.open(src, be, precision); err != nil {
		return err
	}
	return e.stops(src)
}

// open prepares the weights for inference.
func (e *loaded) open(src weights.Source, be kernel.Backend, precision string) error {
	if precision == File {
		blocks, ok := src.(weights.Blocks)
		if !ok {
			return fmt.Errorf("%w: %s: the format has no blocks of 4 to 8 bits that could stay as they are; use weights: full or int8", weights.ErrUnsupported, src.Name())
		}
		p, err := weights.Vectors(src)
		if err == nil {
			e.decoder, err = decode.NewFile(p, be, blocks.Rows)
		}
		return err
	}
	p, err := weights.Params(src)
	switch {
	case err != nil:
	case precision == Int8:
		e.decoder, err = decode.NewInt8(p, be)
	default:
		e.decoder = decode.New(p, be)
	}
	return err
}

// turnEnds are what models end an answer with, besides the token that the file names.
var turnEnds = []string{"<|im_end|>", "<|endoftext|>", "<end_of_turn>", "<|eot_id|>", "<|end|>", "<|end_of_text|>"}

// stops finds the tokens that end an answer.
func (e *loaded) stops(src weights.Source) error {
	names := turnEnds
	if s, ok := src.(interface{ End() (string, error) }); ok {
		end, err := s.End()
		if err != nil {
			return err
		}
		names = append([]string{end}, names...)
	}
	for _, name := range names {
		if id, ok := e.tok.ID(name); ok && !slices.Contains(e.stop, id) {
			e.stop = append(e.stop, id)
		}
	}
	e.breaks = slices.Clone(e.stop)
	for n := 1; n <= mostBreaks; n++ {
		breaks := strings.Repeat("\n", n)
		if ids := e.tok.Encode(breaks); len(ids) == 1 && e.tok.Decode(ids) == breaks {
			e.breaks = append(e.breaks, ids[0])
		}
	}
	return nil
}

// mostBreaks is how many line breaks a token may hold that is looked for.
const mostBreaks = 32

// until are the tokens that end a job's reply.
func (e *loaded) until(j completion) []int32 {
	if j.line {
		return e.breaks
	}
	return e.stop
}

// lines is the way of a base model, which has no chat template.
func (e *loaded) lines() bool { return e.base }

// answerCue ends a message that is continued as plain text, unless the message brings one.
const answerCue = "\nAnswer:"

func (e *loaded) encode(text string, chat bool) ([]int32, error) {
	if chat && e.lines() {
		if text = strings.TrimSpace(text); !strings.HasSuffix(text, ":") {
			text += answerCue
		}
		chat = false
	}
	if !chat {
		ids := e.tok.Encode(text)
		if start, ok := e.tok.Start(); ok {
			ids = append([]int32{start}, ids...)
		}
		return ids, nil
	}
	if e.noChat != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrRequest, e.noChat)
	}
	return e.chat.Encode(e.tok, []weights.Message{{Role: "user", Content: text}}, true)
}

func (e *loaded) decode(tokens []int32) string { return e.tok.Decode(tokens) }
func (e *loaded) context() int                 { return e.decoder.Config().Context }

// together is the scheduler through which those who ask at the same time go through the network together.
func (e *loaded) together() *schedule.Scheduler {
	e.once.Do(func() { e.scheduler = schedule.New(e.decoder, schedule.Options{}) })
	return e.scheduler
}

func (e *loaded) close() error {
	e.once.Do(func() {}) // none is made any more
	if e.scheduler != nil {
		e.scheduler.Close()
	}
	return nil
}

// share is generate beside whoever asks at the same time: the tokens are the same. heard, which may be nil, is told those of the first job as they come.
func (e *loaded) share(ctx context.Context, jobs []completion, heard func([]int32)) ([][]int32, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of what is still on its way after an error
	streams := make([]*schedule.Stream, len(jobs))
	for i, j := range jobs {
		var err error
		if streams[i], err = e.together().Submit(ctx, schedule.Request{Prompt: j.prompt, MaxNew: j.maxNew, Stop: e.until(j)}); err != nil {
			return nil, err
		}
	}
	out := make([][]int32, len(jobs))
	for i, s := range streams {
		for t := range s.Tokens() {
			if out[i] = append(out[i], t.ID); i == 0 && heard != nil {
				heard(out[i])
			}
		}
		if _, err := s.Result(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *loaded) score(ctx context.Context, jobs []scoring) ([][]float64, error) {
	reqs := make([]decode.ScoreRequest, len(jobs))
	for i, j := range jobs {
		reqs[i] = decode.ScoreRequest{Prefix: j.prefix, Continuations: j.continuations}
	}
	return e.decoder.Score(ctx, reqs)
}

func (e *loaded) generate(ctx context.Context, jobs []completion) ([][]int32, error) {
	reqs := make([]decode.Request, len(jobs))
	for i, j := range jobs {
		reqs[i] = decode.Request{Prompt: j.prompt, MaxNew: j.maxNew, Stop: e.until(j)}
		if j.temperature > 0 {
			reqs[i].Temperature, reqs[i].Stream = j.temperature, rng.New(j.sample, "sample")
		}
	}
	got, err := e.decoder.Generate(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([][]int32, len(got))
	for i, r := range got {
		out[i] = r.Tokens
	}
	return out, nil
}

// Weights are a model in this process, token by token. They may be used from several goroutines, until the service is closed.
type Weights struct {
	Scheduler *schedule.Scheduler // closed with the service
	Decoder   *decode.Decoder     // for all logits
	Config    model.Config
	Tokenizer *tokenizer.Tokenizer
	Stop      []int32 // tokens that end a reply
}

// Weigher is a client whose weights may be in this process; Service is one.
type Weigher interface {
	Tokenizer() (*tokenizer.Tokenizer, bool, error)
	Weights() (Weights, bool, error)
}

// Tokenizer reads the tokenizer of the black box, but none of its weights; false = they are not in this process.
func (s *Service) Tokenizer() (*tokenizer.Tokenizer, bool, error) {
	l, ok := s.provider.(*local)
	if !ok || l.words == nil {
		return nil, false, nil
	}
	tok, err := l.words()
	return tok, err == nil, err
}

// Here reports whether the black box's weights are in this process, or will be once it is asked.
func (s *Service) Here() bool {
	_, ok := s.provider.(*local)
	return ok
}

// Weights loads the black box's weights; false = they are not in this process.
func (s *Service) Weights() (Weights, bool, error) {
	l, ok := s.provider.(*local)
	if !ok {
		return Weights{}, false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.load()
	if err != nil {
		return Weights{}, false, err
	}
	w, ok := e.(*loaded)
	if !ok {
		return Weights{}, false, nil
	}
	l.writes.Store(w.together())
	return Weights{w.together(), w.decoder, w.decoder.Config(), w.tok, w.stop}, true, nil
}

// Stats are those of the scheduler that writes texts; false = no weights are in this process, or it has written none yet.
func (s *Service) Stats() (schedule.Stats, bool) {
	if l, ok := s.provider.(*local); ok {
		if w := l.writes.Load(); w != nil {
			return w.Stats(), true
		}
	}
	return schedule.Stats{}, false
}
