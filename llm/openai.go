package llm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxBody = 64 << 20 // bytes of a reply

var openAIProvider = Provider{
	Name: OpenAI, Meaning: "any server of OpenAI's protocol", Keys: []string{"url", "key_env"}, Metered: true, Elsewhere: true, Splits: true,
	validate: Config.validateRemote,
	open:     func(c Config, opt Options) (provider, error) { return newOpenAI(c, opt) },
}

// openAI asks a server that speaks OpenAI's protocol: chat completions, completions, and completions with echo and logprobs for how
// likely a text is.
type openAI struct {
	cfg    Config
	key    secret
	http   *http.Client
	id     Info
	server string // the address as messages have it
}

// keyHere stands in an address where the key goes, for servers that want it in the path: https://host/{key}/v1.
const keyHere = "{key}"

// version is the part of an address that many servers end in.
var version = regexp.MustCompile(`^v[0-9]+(beta|alpha)?[0-9]*$`)

// shown is an address for messages: the server, and the version at the end. What stands between may hold somebody's key.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the server"
	}
	out := u.Scheme + "://" + u.Host
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	last := parts[len(parts)-1]
	if len(parts) > 1 || last != "" && !version.MatchString(last) {
		out += "/…"
	}
	if version.MatchString(last) {
		out += "/" + last
	}
	return out
}

// secret is a key inside a function, where no way of printing finds it: fmt shows unexported fields without asking their methods.
type secret func() string

// String and MarshalJSON stand in where a function could not be printed at all.
func (secret) String() string               { return "[key]" }
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"[key]"`), nil }

// hide takes the key out of a text that came from elsewhere, as it is and as it stands in addresses, quoted text and headers.
func (k secret) hide(text string) string {
	key := k()
	if key == "" {
		return text
	}
	quoted := strconv.Quote(key)
	for _, form := range []string{
		key, url.QueryEscape(key), url.PathEscape(key), quoted[1 : len(quoted)-1],
		base64.StdEncoding.EncodeToString([]byte(key)), base64.RawURLEncoding.EncodeToString([]byte(key)),
	} {
		text = strings.ReplaceAll(text, form, "[key]")
	}
	return text
}

// placeholder is the longest key that is none: servers at home are given a word such as EMPTY, which may well stand in a reply.
const placeholder = 7

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
	p.server = shown(p.cfg.URL)
	sum := sha256.Sum256([]byte(p.cfg.URL + "\n" + cfg.Model))
	p.id = Info{Provider: OpenAI, Model: cfg.Model, Digest: hex.EncodeToString(sum[:]), CanScore: cfg.Answer == Cloze}
	return p, nil
}

func (p *openAI) info() Info    { return p.id }
func (p *openAI) parallel() int { return p.cfg.Concurrency }

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
			return Reply{}, p.unusable(err.Error(), false)
		}
		return p.reply(got, r, Reply{Scores: []Score{score}}), nil
	case r.Chat:
		got, err := p.post(ctx, "/chat/completions", chatRequest{
			Model: p.cfg.Model, Messages: []chatMessage{{"user", r.Prompt}}, MaxTokens: r.MaxTokens, Stop: r.Stop,
		})
		if err != nil {
			return Reply{}, err
		}
		if m := got.Choices[0].Message; m == nil || m.Content == nil {
			return Reply{}, p.unusable("a message without a text; a model that thinks before it answers is of no use here", false)
		}
		return p.reply(got, r, Reply{Text: *got.Choices[0].Message.Content}), nil
	default:
		got, err := p.post(ctx, "/completions", completionRequest{Model: p.cfg.Model, Prompt: r.Prompt, MaxTokens: r.MaxTokens, Stop: r.Stop})
		if err != nil {
			return Reply{}, err
		}
		if got.Choices[0].Text == nil {
			return Reply{}, p.unusable("a choice without a text", false)
		}
		return p.reply(got, r, Reply{Text: *got.Choices[0].Text}), nil
	}
}

// reply fills in the usage: the reported one, or the worst case when none was reported.
func (p *openAI) reply(got *completionReply, r Request, out Reply) Reply {
	out.said = got.said
	out.Text = strings.ToValidUTF8(out.Text, "\uFFFD")
	if len(p.key()) > placeholder {
		out.Text = p.key.hide(out.Text)
	}
	if u := got.Usage; u != nil && u.PromptTokens > 0 && sane(u.PromptTokens) && sane(u.CompletionTokens) {
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
	key := p.key()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.ReplaceAll(p.cfg.URL, keyHere, url.PathEscape(key))+path, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("llm: %w: %s is no address that can be called", ErrRequest, p.server)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if key != "" && !strings.Contains(p.cfg.URL, keyHere) {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return nil, p.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	said := readLimits(resp.Header)
	if resp.StatusCode != http.StatusOK {
		return nil, p.refused(resp, raw, said)
	}
	got, err := p.decode(raw, err)
	var f *fault
	if errors.As(err, &f) {
		f.said = said
		return nil, f
	}
	if got.Error != nil { // some gateways say 200 and mean it not
		return nil, p.refused(resp, raw, said)
	}
	got.said = said
	return got, nil
}

// decode reads a reply. What is broken may come whole the next time; what is whole and says something else will say it again.
func (p *openAI) decode(raw []byte, err error) (*completionReply, error) {
	if err != nil {
		why := err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			why = fmt.Sprintf("it was not there after %s", p.cfg.Timeout)
		}
		return nil, &fault{err: fmt.Errorf("llm: %w: %s: the reply was cut off: %s", ErrUnavailable, p.server, p.key.hide(why)), again: true, sent: true, billed: true}
	}
	if len(raw) > maxBody {
		return nil, p.unusable("the reply does not end", true)
	}
	var got completionReply
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &got); errors.As(err, &other) {
		return nil, p.unusable(fmt.Sprintf("the reply speaks another protocol: %s stands at %q", other.Value, other.Field), false)
	} else if err != nil {
		return nil, p.unusable("the reply is broken JSON: "+err.Error(), true)
	}
	switch {
	case got.Error != nil:
	case got.Choices == nil:
		return nil, p.unusable("the reply speaks another protocol: it has no field \"choices\"", false)
	case len(got.Choices) == 0:
		return nil, p.unusable("the reply's choices are empty", true)
	case !serves(got.Model, p.cfg.Model):
		return nil, p.unusable(fmt.Sprintf("model %q has answered, not %q; if that is the one you want, name it in llm.model", clip(got.Model, 100), p.cfg.Model), false)
	}
	return &got, nil
}

// dated is what names add to that of a model for the version that is served.
var dated = regexp.MustCompile(`^[-:@]v?[0-9][-0-9]*$`)

// serves says that a reply's model is the one that was asked for: the same name, or one that a server makes of it by a vendor's folder in
// front or the date of a version behind. Servers that give no name are taken at their word.
func serves(got, asked string) bool {
	last := func(s string) string {
		s = strings.ToLower(strings.TrimSpace(s))
		return s[strings.LastIndexByte(s, '/')+1:]
	}
	latest := func(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "-latest"), ":latest") }
	g, a := latest(last(got)), latest(last(asked))
	rest, ok := strings.CutPrefix(g, a)
	return got == "" || g == a || ok && dated.MatchString(rest)
}

// unreachable is a call without a response. Whether the server has worked on it, and bills it, is unknown unless there was no connection.
func (p *openAI) unreachable(err error) error {
	what := "no answer from " + p.server
	if errors.Is(err, context.DeadlineExceeded) {
		what = fmt.Sprintf("no answer from %s within %s", p.server, p.cfg.Timeout)
	}
	var op *net.OpError
	sent := !errors.As(err, &op) || op.Op != "dial"
	var called *url.Error
	if errors.As(err, &called) { // its text begins with the whole address
		err = called.Err
	}
	return &fault{err: fmt.Errorf("llm: %w: %s: %s", ErrUnavailable, what, p.key.hide(err.Error())), again: true, sent: sent, billed: sent}
}

// unusable is a reply that came and is of no use. It is counted as paid for.
func (p *openAI) unusable(what string, again bool) error {
	return &fault{err: fmt.Errorf("llm: %w: %s: %s", ErrReply, p.server, p.key.hide(what)), again: again, sent: true, billed: true}
}

// refused is a reply with a status that is no success.
func (p *openAI) refused(resp *http.Response, raw []byte, heard limits) error {
	var body completionReply
	said := ""
	code := ""
	if json.Unmarshal(raw, &body) == nil && body.Error != nil {
		said = body.Error.Message
		code = fmt.Sprint(body.Error.Code, " ", body.Error.Type)
	} else {
		said = strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "")), " ")
	}
	f := &fault{sent: true, said: heard}
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
	f.err = fmt.Errorf("llm: %w: %s says %d: %s", kind, p.server, status, clip(p.key.hide(said), 300))
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
		if p == nil || math.IsInf(*p, 0) || !(*p <= 1e-3) {
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
