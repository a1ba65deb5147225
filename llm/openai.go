package llm

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const maxBody = 64 << 20 // bytes of a reply

var openAIProvider = Provider{
	Name: OpenAI, Meaning: "any server of OpenAI's protocol", Keys: []string{"url", "query", "key_env", "key_header", "headers"}, Metered: true, Elsewhere: true, Splits: true,
	validate: Config.validateRemote,
	open:     func(c Config, opt Options) (provider, error) { return newOpenAI(c, opt) },
}

// openAI asks a server that speaks OpenAI's protocol: chat completions, completions, and completions with echo and logprobs for how
// likely a text is.
type openAI struct {
	cfg     Config
	key     secret
	headers []header
	http    *http.Client
	id      Info
	server  string // the address as messages have it
	dialect *dialect
}

// header is one that the recipe adds to every call.
type header struct {
	name  string
	value secret
}

func newOpenAI(cfg Config, opt Options) (*openAI, error) {
	read := func(variable, named string) (secret, error) {
		value := ""
		if variable != "" {
			if value = strings.TrimSpace(opt.Getenv(variable)); value == "" && !opt.Offline {
				return nil, fmt.Errorf("llm: %w: the environment variable %s, which %s names, is not set", ErrAuth, variable, named)
			}
		}
		return func() string { return value }, nil
	}
	p := &openAI{cfg: cfg, http: opt.HTTP}
	var err error
	if p.key, err = read(cfg.KeyEnv, "key_env"); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Headers)) {
		value, err := read(cfg.Headers[name], "headers."+name)
		if err != nil {
			return nil, err
		}
		p.headers = append(p.headers, header{name, value})
	}
	if p.http == nil {
		p.http = &http.Client{}
	}
	// A redirect would take the prompt, and perhaps the key, to a place that the recipe does not name.
	client := *p.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.http = &client
	p.cfg.URL = strings.TrimRight(cfg.URL, "/")
	p.server = shown(p.cfg.URL)
	p.dialect = &dialect{note: opt.Note}
	sum := sha256.Sum256([]byte(p.cfg.URL + "\n" + cfg.Model))
	p.id = Info{Provider: OpenAI, Model: cfg.Model, Digest: hex.EncodeToString(sum[:]), CanScore: cfg.Answer == Cloze, CanShow: true}
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
	if len(r.Options) > 0 && r.Chat {
		return Reply{}, fmt.Errorf("llm: %w: a chat does not say how likely a text is", ErrRequest)
	}
	got, err := p.send(ctx, r)
	if err == nil {
		var reply Reply
		if reply, err = p.read(got, r); err == nil {
			return p.reply(got, r, reply), nil
		}
	}
	if f := asFault(err); f.none != nil && !f.again { // refused for good: that is the reply
		return Reply{None: f.none, said: f.said}, nil
	}
	return Reply{}, err
}

// call is an HTTP call before it is made.
type call struct {
	path     string
	body     any
	how      sampling
	patience time.Duration
	heard    func(text string) // is told a reply that comes piece by piece; nil = nobody is
}

// send makes the call for a request.
func (p *openAI) send(ctx context.Context, r Request) (*completionReply, error) {
	c := call{path: "/completions", how: p.dialect.drawing(p.dialect.sampling(r.MaxTokens, r.Stop), r), patience: p.patience(r)}
	switch {
	case r.Chat:
		if heard := listener(ctx); heard != nil {
			c.how, c.heard = p.dialect.streaming(c.how), func(text string) { heard(untilStop(p.open(text), r.Stop)) }
		}
		c.path, c.body = "/chat/completions", chatRequest{p.cfg.Model, []chatMessage{{"user", r.Prompt}}, c.how}
	case r.peek():
		c.how, c.body = p.peek(r)
	case len(r.Options) > 0:
		one := 1
		c.how = p.dialect.sampling(one, nil) // one token is generated because servers disagree about what 0 means; its log-probability is not counted
		c.body = completionRequest{Model: p.cfg.Model, Prompt: r.Prompt + r.Options[0], sampling: c.how, Echo: true, LogProbs: &one}
	default:
		c.body = completionRequest{Model: p.cfg.Model, Prompt: r.Prompt, sampling: c.how}
	}
	return p.post(ctx, c)
}

// patience is how long an attempt may take: the recipe's timeout for a reply of some hundred tokens, and more for a longer one in proportion.
func (p *openAI) patience(r Request) time.Duration {
	const usual = 512 // tokens
	return p.cfg.Timeout * time.Duration(max(1, (r.MaxTokens+usual-1)/usual))
}

// read makes a reply of the first choice. A choice that is no answer is a fault, or a reply that says why.
func (p *openAI) read(got *completionReply, r Request) (Reply, error) {
	c := got.Choices[0]
	if e := c.Error.some(); e != nil {
		return Reply{}, p.ended(p.failure(http.StatusOK, e, e.text(), got.said), e.text())
	}
	m, text := c.Message, ""
	switch {
	case r.Chat && m == nil:
		return Reply{}, p.unusable("a choice without a message", false)
	case r.Chat:
		text = m.Content.text
	case c.Text == nil && len(r.Options) == 0 && !r.peek():
		return Reply{}, p.unusable("a choice without a text", false)
	case c.Text != nil:
		text = *c.Text
	}
	if m == nil {
		m = &replyMessage{}
	}
	how, refusal := endingOf(c.FinishReason), m.Refusal+m.Content.refusal
	if how == endedWhole && c.FinishReason == "" && got.Usage != nil && r.MaxTokens > 0 && got.Usage.CompletionTokens >= r.MaxTokens {
		how = endedCut
	}
	switch {
	case how == endedBroken:
		text := fmt.Sprintf("the reply ended with %q %s", c.FinishReason, text)
		return Reply{}, p.ended(p.failure(http.StatusOK, &wireError{Type: "server_error", Message: text}, text, got.said), text)
	case how == endedWithheld || refusal != "":
		return Reply{None: none(Refused, p.hide(cmp.Or(refusal, text, c.FinishReason)))}, nil
	case r.peek():
		return p.peeked(got, r)
	case len(r.Options) > 0:
		score, err := optionScore(got, r.Prompt, r.Options[0])
		if err != nil {
			return Reply{}, p.unusable(err.Error(), false)
		}
		return Reply{Scores: []Score{score}}, nil
	case !r.Chat:
		return Reply{Text: untilStop(text, r.Stop), Cut: how == endedCut}, nil
	}
	thoughts := m.Content.thoughts + m.Reasoning.text + m.Reasoning.thoughts + m.Thoughts.text + m.Thoughts.thoughts
	seen, thinking := visible(text)
	switch {
	case seen != "" || thinking || how == endedCut && text != "":
	case how == endedCut:
		text = "<think>" + clip(thoughts, 500)
	case thoughts != "":
		return Reply{}, p.empty("nothing but thoughts: " + tail(thoughts))
	default:
		return Reply{}, p.empty(text)
	}
	return Reply{Text: untilStop(text, r.Stop), Cut: how == endedCut}, nil
}

// ended is a fault of a reply that began: when no attempt helps, the question has no answer, and the run goes on.
func (p *openAI) ended(f *fault, said string) error {
	f.billed = true
	if f.again && !f.limited {
		f.none = none(Failed, p.hide(said))
	}
	return f
}

// empty is a reply without a text. It is asked for once more, since some servers give one while they start.
func (p *openAI) empty(said string) error {
	f := asFault(p.unusable("a reply without a text", true))
	f.none, f.once = none(Empty, p.hide(said)), true
	return f
}

// reply fills in the usage: the reported one, or the worst case when none was reported.
func (p *openAI) reply(got *completionReply, r Request, out Reply) Reply {
	out.said = got.said
	out.Text = strings.ToValidUTF8(out.Text, "\uFFFD")
	for _, s := range p.secrets() {
		out.Text = s.hide(out.Text)
	}
	if u := got.Usage; u != nil && u.PromptTokens > 0 && sane(u.PromptTokens) && sane(u.CompletionTokens) {
		out.PromptTokens, out.OutputTokens = u.PromptTokens, u.CompletionTokens
		return out
	}
	worst := r.Worst()
	out.PromptTokens, out.OutputTokens = int(worst.PromptTokens), int(worst.OutputTokens)
	return out
}

// secrets are the key and the values of headers, as far as they are longer than a placeholder.
func (p *openAI) secrets() []secret {
	all := []secret{p.key}
	for _, h := range p.headers {
		all = append(all, h.value)
	}
	return slices.DeleteFunc(all, func(s secret) bool { return len(s()) <= placeholder })
}

// hide takes all secrets out of a text that came from elsewhere, and the key even if it is short.
func (p *openAI) hide(text string) string {
	for _, s := range append(p.secrets(), p.key) {
		text = s.hide(text)
	}
	return text
}

// address is where a path is called, with the recipe's query.
func (p *openAI) address(path string) string {
	at := strings.ReplaceAll(p.cfg.URL, keyHere, url.PathEscape(p.key())) + path
	if len(p.cfg.Query) == 0 {
		return at
	}
	query := url.Values{}
	for name, value := range p.cfg.Query {
		query.Set(name, value)
	}
	return at + "?" + query.Encode()
}

// post sends one request and reads the whole reply. Errors are faults without a secret in them.
func (p *openAI) post(ctx context.Context, c call) (*completionReply, error) {
	a, err := p.exchange(ctx, c)
	if err != nil {
		return nil, err
	}
	got, err := p.decode(a.raw)
	if err != nil {
		return nil, a.heard(err)
	}
	got.said = a.said
	return got, nil
}

// response is the body of a response of status 200, with what its headers say.
type response struct {
	raw  []byte
	said limits
}

// heard puts what the headers said into the fault of a reply that cannot be used.
func (a response) heard(err error) error {
	f := asFault(err)
	f.said = a.said
	return f
}

// exchange makes a call and reads the body of its response, which is whole and looks like JSON.
func (p *openAI) exchange(ctx context.Context, c call) (response, error) {
	data, err := canonical(c.body)
	if err != nil {
		return response{}, fmt.Errorf("llm: %w: %w", ErrRequest, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address(c.path), bytes.NewReader(data))
	if err != nil {
		return response{}, fmt.Errorf("llm: %w: %s is no address that can be called", ErrRequest, p.server)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	for _, h := range p.headers {
		req.Header.Set(h.name, h.value())
	}
	switch key := p.key(); {
	case key == "" || strings.Contains(p.cfg.URL, keyHere):
	case p.cfg.KeyHeader != "":
		req.Header.Set(p.cfg.KeyHeader, key)
	default:
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return response{}, p.unreachable(err, c.patience)
	}
	defer func() { _ = resp.Body.Close() }()
	var raw []byte
	if c.how.Stream && resp.StatusCode == http.StatusOK && isEvents(resp.Header.Get("Content-Type")) {
		raw, err = readEvents(resp.Body, c.heard)
	} else {
		raw, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	}
	said := readLimits(resp.Header)
	if resp.StatusCode != http.StatusOK {
		return response{}, p.refused(c.how, resp.StatusCode, raw, said)
	}
	if err == nil && errorIn(raw) != nil { // some gateways say 200 and mean it not
		return response{}, p.refused(c.how, resp.StatusCode, raw, said)
	}
	a := response{raw, said}
	if err := p.whole(raw, err, c.patience); err != nil {
		return response{}, a.heard(err)
	}
	return a, nil
}

// whole finds a body that was cut off, does not end, or is no JSON. err is that of reading it.
func (p *openAI) whole(raw []byte, err error, patience time.Duration) error {
	if err != nil {
		why := err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			why = fmt.Sprintf("it was not there after %s", patience)
		}
		return &fault{err: fmt.Errorf("llm: %w: %s: the reply was cut off: %s", ErrUnavailable, p.server, p.hide(why)), again: true, sent: true, billed: true}
	}
	if len(raw) > maxBody {
		return p.unusable("the reply does not end", true)
	}
	return p.foreign(raw)
}

// decode reads a reply. What is broken may come whole the next time; what is whole and says something else will say it again.
func (p *openAI) decode(raw []byte) (*completionReply, error) {
	var got completionReply
	if err := p.parse(raw, &got); err != nil {
		return nil, err
	}
	switch {
	case got.Choices == nil:
		return nil, p.unusable("the reply speaks another protocol: it has no field \"choices\"", false)
	case len(got.Choices) == 0:
		return nil, p.unusable("the reply's choices are empty", true)
	}
	if err := p.byModel(got.Model); err != nil {
		return nil, err
	}
	return &got, nil
}

// byModel refuses the reply of another model than the one that was asked for.
func (p *openAI) byModel(name string) error {
	if serves(name, p.cfg.Model) {
		return nil
	}
	return p.unusable(fmt.Sprintf("model %q has answered, not %q; if that is the one you want, name it in llm.model", clip(name, 100), p.cfg.Model), false)
}

// parse reads JSON into a reply of a known form.
func (p *openAI) parse(raw []byte, into any) error {
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, into); errors.As(err, &other) {
		return p.unusable(fmt.Sprintf("the reply speaks another protocol: %s stands at %q", other.Value, other.Field), false)
	} else if err != nil {
		return p.unusable("the reply is broken JSON: "+err.Error(), true)
	}
	return nil
}

// foreign is the fault of a reply that is whole and no JSON, as pages and streams are; nil = it may be JSON. What begins like an object is
// a broken one.
func (p *openAI) foreign(raw []byte) error {
	switch start := bytes.ToLower(bytes.TrimSpace(raw[:min(len(raw), 512)])); {
	case bytes.HasPrefix(start, []byte("data:")), bytes.HasPrefix(start, []byte("event:")), bytes.HasPrefix(start, []byte(": ")):
		return p.unusable("the reply is a stream of server-sent events, which was not asked for; turn streaming off in the server or the gateway", false)
	case bytes.HasPrefix(start, []byte("<")):
		page := clip(strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "")), " "), 120)
		return p.unusable("the reply is a web page, not JSON; llm.url may lack /v1, or a proxy or a log-in page answers: "+page, true) // some come while a server starts
	case bytes.HasPrefix(raw, []byte("\x1f\x8b")):
		return p.unusable("the reply is compressed, and its headers do not say so", false)
	}
	return nil
}

// tiers are what OpenRouter takes behind a model's name for the way to serve it, and leaves out of the reply.
var tiers = regexp.MustCompile(`:(?:free|nitro|floor|online|extended|exacto)$`)

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
	g, a := latest(tiers.ReplaceAllString(last(got), "")), latest(tiers.ReplaceAllString(last(asked), ""))
	rest, ok := strings.CutPrefix(g, a)
	return got == "" || g == a || ok && dated.MatchString(rest)
}

// unreachable is a call without a response. Whether the server has worked on it, and bills it, is unknown unless there was no connection.
func (p *openAI) unreachable(err error, patience time.Duration) error {
	what := "no answer from " + p.server
	if errors.Is(err, context.DeadlineExceeded) {
		what = fmt.Sprintf("no answer from %s within %s", p.server, patience)
	}
	var op *net.OpError
	sent := !errors.As(err, &op) || op.Op != "dial"
	var called *url.Error
	if errors.As(err, &called) { // its text begins with the whole address
		err = called.Err
	}
	return &fault{err: fmt.Errorf("llm: %w: %s: %s", ErrUnavailable, what, p.hide(err.Error())), again: true, sent: sent, billed: sent}
}

// unusable is a reply that came and is of no use. It is counted as paid for.
func (p *openAI) unusable(what string, again bool) error {
	return &fault{err: fmt.Errorf("llm: %w: %s: %s", ErrReply, p.server, p.hide(what)), again: again, sent: true, billed: true}
}

var _ provider = (*openAI)(nil)
