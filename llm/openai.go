package llm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"
)

const maxBody = 64 << 20 // bytes of a reply

// openAI asks a server that speaks OpenAI's protocol: chat completions, completions, and completions with echo and logprobs for how
// likely a text is.
type openAI struct {
	cfg  Config
	key  secret
	http *http.Client
	id   Info
}

// secret is a key inside a function, where no way of printing finds it: fmt shows unexported fields without asking their methods.
type secret func() string

// String and MarshalJSON stand in where a function could not be printed at all.
func (secret) String() string               { return "[key]" }
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"[key]"`), nil }

// hide takes the key out of a text that came from elsewhere.
func (k secret) hide(text string) string {
	if k() == "" {
		return text
	}
	return strings.ReplaceAll(text, k(), "[key]")
}

func newOpenAI(cfg Config, opt Options) (*openAI, error) {
	key := ""
	if cfg.KeyEnv != "" {
		key = strings.TrimSpace(opt.Getenv(cfg.KeyEnv))
		if key == "" && !opt.Offline {
			return nil, fmt.Errorf("llm: %w: the environment variable %s, which key_env names, is not set", ErrAuth, cfg.KeyEnv)
		}
	}
	p := &openAI{cfg: cfg, http: opt.HTTP, key: func() string { return key }}
	if p.http == nil {
		p.http = &http.Client{}
	}
	// A redirect would take the prompt, and perhaps the key, to a place that the recipe does not name.
	client := *p.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.http = &client
	p.cfg.URL = strings.TrimRight(cfg.URL, "/")
	sum := sha256.Sum256([]byte(p.cfg.URL + "\n" + cfg.Model))
	p.id = Info{Provider: OpenAI, Model: cfg.Model, Digest: hex.EncodeToString(sum[:]), CanScore: cfg.Answer == Cloze}
	return p, nil
}

func (p *openAI) info() Info    { return p.id }
func (p *openAI) parallel() int { return p.cfg.Concurrency }
func (p *openAI) splits() bool  { return true }

func (p *openAI) close() error {
	p.http.CloseIdleConnections()
	return nil
}

// ask answers one request with one HTTP call.
func (p *openAI) ask(ctx context.Context, r Request) (Reply, error) {
	switch {
	case len(r.Options) > 0 && r.Chat:
		return Reply{}, fmt.Errorf("llm: %w: a chat does not say how likely a text is", ErrRequest)
	case len(r.Options) > 0:
		one := 1
		full := r.Prompt + r.Options[0]
		// One token is generated because servers disagree about what 0 means; its log-probability is not counted.
		got, err := p.post(ctx, "/completions", completionRequest{Model: p.cfg.Model, Prompt: full, MaxTokens: 1, Echo: true, LogProbs: &one})
		if err != nil {
			return Reply{}, err
		}
		score, err := optionScore(got, r.Prompt, r.Options[0])
		if err != nil {
			return Reply{}, &fault{err: fmt.Errorf("llm: %w: %w", ErrReply, err), billed: true}
		}
		return p.reply(got, r, Reply{Scores: []Score{score}}), nil
	case r.Chat:
		got, err := p.post(ctx, "/chat/completions", chatRequest{
			Model: p.cfg.Model, Messages: []chatMessage{{"user", r.Prompt}}, MaxTokens: r.MaxTokens, Stop: r.Stop,
		})
		if err != nil {
			return Reply{}, err
		}
		if got.Choices[0].Message == nil {
			return Reply{}, &fault{err: fmt.Errorf("llm: %w: a choice without a message", ErrReply), again: true, billed: true}
		}
		return p.reply(got, r, Reply{Text: got.Choices[0].Message.Content}), nil
	default:
		got, err := p.post(ctx, "/completions", completionRequest{Model: p.cfg.Model, Prompt: r.Prompt, MaxTokens: r.MaxTokens, Stop: r.Stop})
		if err != nil {
			return Reply{}, err
		}
		if got.Choices[0].Text == nil {
			return Reply{}, &fault{err: fmt.Errorf("llm: %w: a choice without a text", ErrReply), again: true, billed: true}
		}
		return p.reply(got, r, Reply{Text: *got.Choices[0].Text}), nil
	}
}

// reply fills in the usage: the reported one, or the worst case when none was reported.
func (p *openAI) reply(got *completionReply, r Request, out Reply) Reply {
	out.Text = strings.ToValidUTF8(out.Text, "\uFFFD")
	if u := got.Usage; u != nil && u.PromptTokens > 0 && u.CompletionTokens >= 0 {
		out.PromptTokens, out.OutputTokens = u.PromptTokens, u.CompletionTokens
		return out
	}
	worst := r.worst()
	out.PromptTokens, out.OutputTokens = int(worst.PromptTokens), int(worst.OutputTokens)
	return out
}

// post sends one request and reads the whole reply. Errors are faults without the key in them.
func (p *openAI) post(ctx context.Context, path string, body any) (*completionReply, error) {
	data, err := canonical(body)
	if err != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrRequest, err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.cfg.URL+path, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("llm: %w: %s", ErrRequest, p.key.hide(err.Error()))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if key := p.key(); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return nil, p.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if resp.StatusCode != http.StatusOK {
		return nil, p.refused(resp, raw)
	}
	if err != nil {
		return nil, p.broken("the reply was cut off: " + err.Error())
	}
	if len(raw) > maxBody {
		return nil, p.broken("the reply does not end")
	}
	var got completionReply
	if err := json.Unmarshal(raw, &got); err != nil {
		return nil, p.broken("the reply is broken JSON: " + err.Error())
	}
	if got.Error != nil { // some gateways say 200 and mean it not
		return nil, p.refused(resp, raw)
	}
	if len(got.Choices) == 0 {
		return nil, p.broken("the reply has no choices")
	}
	return &got, nil
}

// unreachable is a call without a response. Whether the server has worked on it, and bills it, is unknown unless there was no connection.
func (p *openAI) unreachable(err error) error {
	what := "no answer from " + p.cfg.URL
	if errors.Is(err, context.DeadlineExceeded) {
		what = fmt.Sprintf("no answer from %s within %s", p.cfg.URL, p.cfg.Timeout)
	}
	var dial interface{ Timeout() bool }
	timedOut := errors.As(err, &dial) && dial.Timeout()
	return &fault{err: fmt.Errorf("llm: %w: %s: %s", ErrUnavailable, what, p.key.hide(err.Error())), again: true, billed: timedOut}
}

// broken is a reply that was on its way and cannot be read: worth another attempt, and counted as paid for.
func (p *openAI) broken(what string) error {
	return &fault{err: fmt.Errorf("llm: %w: %s: %s", ErrUnavailable, p.cfg.URL, p.key.hide(what)), again: true, billed: true}
}

// refused is a reply with a status that is no success.
func (p *openAI) refused(resp *http.Response, raw []byte) error {
	var body completionReply
	said := ""
	code := ""
	if json.Unmarshal(raw, &body) == nil && body.Error != nil {
		said = body.Error.Message
		code = fmt.Sprint(body.Error.Code, " ", body.Error.Type)
	} else {
		said = strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "")), " ")
	}
	wait, _ := retryAfter(resp.Header)
	f := &fault{wait: wait}
	kind := ErrRequest
	status := resp.StatusCode
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		kind = ErrAuth
	case status == http.StatusPaymentRequired || strings.Contains(code, "insufficient_quota"):
		kind = ErrQuota
	case status == http.StatusTooManyRequests:
		kind, f.again, f.limited = ErrQuota, true, true
	case status == http.StatusServiceUnavailable:
		kind, f.again, f.limited = ErrUnavailable, true, true
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict || status == http.StatusTooEarly:
		kind, f.again = ErrUnavailable, true
	}
	f.err = fmt.Errorf("llm: %w: %s says %d: %s", kind, p.cfg.URL, status, clip(p.key.hide(said), 300))
	return f
}

// optionScore sums the log-probabilities of the tokens that spell the option, found by their positions in the echoed text.
func optionScore(got *completionReply, prompt, option string) (Score, error) {
	const advice = "this server cannot answer by likelihood; use answer: letter"
	lp := got.Choices[0].LogProbs
	if lp == nil || len(lp.TokenLogProbs) == 0 {
		return Score{}, errors.New("no log-probabilities came back: " + advice)
	}
	n := len(lp.TokenLogProbs)
	if len(lp.TextOffset) != n {
		return Score{}, fmt.Errorf("%d log-probabilities with %d positions: %s", n, len(lp.TextOffset), advice)
	}
	from, to := utf8.RuneCountInString(prompt), utf8.RuneCountInString(prompt+option)
	// The generated token stands behind the option. A server that leaves it out may have moved all log-probabilities by one place: so does
	// llama-cpp-python 0.3.36 for models without a start token, with no other sign than this.
	if lp.TextOffset[n-1] < to {
		return Score{}, errors.New("the log-probabilities end before the generated token, so they may belong to other tokens: " + advice)
	}
	if lp.TextOffset[n-1] > to { // the generated token stands where the text ends: this server counts bytes
		from, to = len(prompt), len(prompt)+len(option)
	}
	var s Score
	starts := false
	for i, at := range lp.TextOffset {
		if at < from || at >= to {
			continue
		}
		starts = starts || at == from
		p := lp.TokenLogProbs[i]
		if p == nil || math.IsNaN(*p) || math.IsInf(*p, 0) || *p > 1e-3 {
			return Score{}, fmt.Errorf("token %d of the option has no log-probability: %s", s.Tokens+1, advice)
		}
		s.LogProb += *p
		s.Tokens++
	}
	switch {
	case s.Tokens == 0:
		return Score{}, errors.New("the prompt was not echoed: " + advice)
	case !starts:
		return Score{}, errors.New("no token starts where the option starts, so its likelihood cannot be told from the prompt's")
	case constant(lp.TokenLogProbs):
		return Score{}, errors.New("all log-probabilities are equal: " + advice)
	}
	return s, nil
}

// constant says that log-probabilities are made up: several, and all the same.
func constant(lp []*float64) bool {
	var first *float64
	count := 0
	for _, p := range lp {
		if p == nil {
			continue
		}
		if first == nil {
			first = p
		}
		if *p != *first {
			return false
		}
		count++
	}
	return count > 2 || count > 0 && *first == 0
}

var _ provider = (*openAI)(nil)
