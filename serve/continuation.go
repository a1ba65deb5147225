package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"slm/model/schedule"
	"slm/pipeline/session"
)

// continuation is a prompt on its way to its end.
type continuation struct {
	m       session.Bare
	r       *completionRequest
	coming  *schedule.Stream
	written int // tokens

	prompt, text []byte // the prompt's, where it is echoed, and all with it
	sent         int    // bytes of text
	end          int    // of what counts before a stop; -1 = no stop has come
	probs        *logprobs
}

// begin hands a prompt to the model's scheduler.
func begin(ctx context.Context, client string, m session.Bare, prompt []int32, most int, r *completionRequest) (*continuation, error) {
	c := &continuation{m: m, r: r, end: -1}
	if r.Logprobs != nil {
		c.probs = &logprobs{Tokens: []string{}, Each: []*float64{}, TextOffset: []int{}}
	}
	req := schedule.Request{
		Client: client, Prompt: prompt, MaxNew: most, Stop: m.Stop, Echo: r.Echo, LogProbs: r.Logprobs != nil,
		Temperature: r.Temperature, Seed: uint64(r.Seed),
	}
	if r.TopP != nil {
		req.TopP = *r.TopP
	}
	if r.Logprobs != nil {
		req.Top = *r.Logprobs
	}
	if len(r.Stop) > 0 {
		req.Until = func(answer []int32) bool { return firstOf(m.Tokenizer.DecodeBytes(answer), r.Stop) >= 0 }
	}
	var err error
	c.coming, err = m.Submit(ctx, req)
	if errors.Is(err, schedule.ErrBusy) || errors.Is(err, schedule.ErrClosed) {
		f := newFault(http.StatusTooManyRequests, tooMany, "over_capacity", "the model has too many requests: come again later")
		f.after = time.Second
		return nil, f
	}
	return c, err
}

// firstOf is where the first of some texts begins; -1 = nowhere.
func firstOf(text []byte, of []string) int {
	at := -1
	for _, s := range of {
		if i := bytes.Index(text, []byte(s)); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	return at
}

// finish waits for the end, and tells each piece of the text that no stop can take back.
func (c *continuation) finish(tell func(string)) (completionChoice, error) {
	for t := range c.coming.Tokens() {
		c.take(t)
		if text := c.safe(); text != "" {
			tell(text)
		}
	}
	result, err := c.coming.Result()
	if err != nil {
		return completionChoice{}, err
	}
	if c.probs != nil && result.Stop.ID >= 0 && c.end < 0 { // it is no part of the text, and what was likely in its place is told
		c.probs.add(c.m, result.Stop, c.m.Tokenizer.DecodeBytes([]int32{result.Stop.ID}), wholeRunes(c.text), *c.r.Logprobs > 0)
	}
	finish := string(result.Reason)
	if c.end >= 0 {
		c.text, finish = c.text[:c.end], string(schedule.Stop)
	}
	if rest := c.text[min(c.sent, len(c.text)):]; len(rest) > 0 {
		tell(valid(rest))
	}
	return completionChoice{Text: valid(c.text), Logprobs: c.probs, FinishReason: &finish}, nil
}

// take adds a token.
func (c *continuation) take(t schedule.Token) {
	if c.end >= 0 {
		return // it came with the stop
	}
	token := c.m.Tokenizer.DecodeBytes([]int32{t.ID})
	if c.probs != nil {
		c.probs.add(c.m, t, token, wholeRunes(c.text), *c.r.Logprobs > 0)
	}
	c.text = append(c.text, token...)
	if t.Prompt {
		c.prompt = c.text
		return
	}
	c.written++
	if i := firstOf(c.text[len(c.prompt):], c.r.Stop); i >= 0 {
		c.end = len(c.prompt) + i
		c.probs.cut(wholeRunes(c.text[:c.end]))
	}
}

// safe is the text that may go out: whole characters, and nothing that may become a stop.
func (c *continuation) safe() string {
	if c.end >= 0 {
		return ""
	}
	hold := 0
	for _, s := range c.r.Stop {
		hold = max(hold, len(s)-1)
	}
	from, to := c.sent, max(len(c.text)-hold, min(len(c.prompt), len(c.text)))
	for to > from && to < len(c.text) && !utf8.RuneStart(c.text[to]) {
		to--
	}
	for i := max(from, to-utf8.UTFMax+1); i < to; i++ {
		if utf8.RuneStart(c.text[i]) && !utf8.FullRune(c.text[i:to]) {
			to = i
		}
	}
	if to <= from {
		return ""
	}
	c.sent = to
	return valid(c.text[from:to])
}

// valid replaces each byte that is no part of a character, so that pieces together are the whole.
func valid(text []byte) string { return string([]rune(string(text))) }

// add adds a token that begins at a character.
func (l *logprobs) add(m session.Bare, t schedule.Token, token []byte, at int, top bool) {
	l.Tokens = append(l.Tokens, shown(token))
	l.TextOffset = append(l.TextOffset, at)
	if t.LogProb != t.LogProb { // NaN: nothing stands before it
		l.Each = append(l.Each, nil)
	} else {
		l.Each = append(l.Each, &t.LogProb)
	}
	if !top {
		return
	}
	if len(t.Top) == 0 {
		l.Top = append(l.Top, nil)
		return
	}
	likeliest := map[string]float64{}
	for _, c := range t.Top {
		name := shown(m.Tokenizer.DecodeBytes([]int32{c.ID}))
		if _, there := likeliest[name]; !there { // of two tokens of one text the likelier
			likeliest[name] = c.LogProb
		}
	}
	l.Top = append(l.Top, likeliest)
}

// cut leaves out the tokens that begin at a character or behind it.
func (l *logprobs) cut(end int) {
	if l == nil {
		return
	}
	n := len(l.TextOffset)
	for n > 0 && l.TextOffset[n-1] >= end {
		n--
	}
	l.Tokens, l.Each, l.TextOffset = l.Tokens[:n], l.Each[:n], l.TextOffset[:n]
	if l.Top != nil {
		l.Top = l.Top[:n]
	}
}

// wholeRunes counts the characters of a text whose last may be there in part only.
func wholeRunes(text []byte) (n int) {
	for len(text) > 0 && utf8.FullRune(text) {
		_, size := utf8.DecodeRune(text)
		text, n = text[size:], n+1
	}
	return n
}

// shown is a token's text; of a part of a character its bytes, as OpenAI has it.
func shown(token []byte) string {
	if utf8.Valid(token) {
		return string(token)
	}
	var b strings.Builder
	b.WriteString("bytes:")
	for _, c := range token {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return b.String()
}
