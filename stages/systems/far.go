package systems

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"unicode/utf8"

	"slm/data/tokenizer"
	"slm/llm"
	"slm/model/proxy"
)

// far is a black box behind a server that shows its likeliest next tokens, for system proxy.
type far struct {
	box llm.Client
	*spelling
}

// spelling is how a server names the tokens of a small model.
type spelling struct {
	tok     *tokenizer.Tokenizer
	owner   string // of the tokenizer, in errors
	top     int
	whole   int32            // a token of a whole character; 0 = there is none
	spelled map[string]int32 // tokens by their texts; ambiguous = more than one has it
	named   atomic.Bool      // the server tells the numbers of tokens
	echoes  bool             // it tells of a prompt's tokens, so that options can be scored
	forces  bool             // it tells of a token that it is made to generate, so that options can be scored token by token
}

// ambiguous stands for a text that several tokens have.
const ambiguous = -1

// probed are how many tokens of the vocabulary are compared where the server echoes a prompt, and probes how many prompts it is asked to go on from.
const (
	probed = 256
	probes = 4
)

// noise is by how much a server's log-probabilities of the same token differ between calls, at most.
const noise = .05

// ProbeCalls is how often a server is asked what its tokens are, at most.
const ProbeCalls = probes + 1

// openFar finds out whether the tokens of a server are those of a small model, by prompts of at most room tokens. proxy.ErrVocabulary: they are not, or nothing shows that they are.
func openFar(ctx context.Context, box llm.Client, m proxy.Model, top, room int) (*far, error) {
	f := &far{box, &spelling{tok: m.Tokenizer, owner: m.Name, top: min(top, m.Tokenizer.Vocab()), spelled: map[string]int32{}}}
	for id := range int32(m.Tokenizer.Vocab()) {
		text := string(m.Tokenizer.DecodeBytes([]int32{id}))
		if _, twice := f.spelled[text]; twice {
			f.spelled[text] = ambiguous
			continue
		}
		if f.spelled[text] = id; text == "a" {
			f.whole = id
		}
	}
	// What follows some tokens from all over the vocabulary: the numbers in the prompts, the texts in the replies.
	all := f.spread(min(probed, room-1))
	var texts []proxy.Text
	for k := range probes {
		from := k * len(all) / probes
		texts = append(texts, proxy.Text{Prompt: all[from:min(from+16, len(all))]})
	}
	seen, err := f.Show(ctx, texts)
	if err != nil {
		return nil, err
	}
	if f.named.Load() { // that form tells of what is generated alone
		f.forces, err = f.forced(ctx, texts[0].Prompt, seen[0][0])
		return f, err
	}
	_, err = f.Show(ctx, []proxy.Text{{Prompt: all[:1], Along: all[1:]}})
	switch f.echoes = err == nil; {
	case f.echoes:
		return f, nil
	case errors.Is(err, llm.ErrNoEcho), errors.Is(err, llm.ErrRequest):
		return nil, fmt.Errorf("%w: the LLM's server tells neither the numbers of tokens nor how it reads a prompt (%w), so that nothing shows that its tokens are those of %s", proxy.ErrVocabulary, err, m.Name)
	}
	return nil, err
}

// forced finds out whether the server tells of a token that it is made to generate what it tells of the token otherwise. The likeliest one shows nothing: it would be generated anyway.
func (f *far) forced(ctx context.Context, prompt []int32, seen proxy.Shown) (bool, error) {
	for i, token := range seen.Tokens {
		if i == 0 || !f.wholly(token) {
			continue
		}
		got, err := f.box.Do(ctx, []llm.Request{{Tokens: prompt, Next: &token, Top: f.top}})
		if errors.Is(err, llm.ErrReply) || errors.Is(err, llm.ErrRequest) {
			return false, nil
		}
		return err == nil && len(got) == 1 && len(got[0].Read) == 1 && math.Abs(got[0].Read[0].LogProb-seen.LogProbs[i]) <= noise, err
	}
	return false, nil
}

// wholly reports whether tokens are whole characters each: of others a server that is made to generate them tells nothing.
func (f *spelling) wholly(tokens ...int32) bool {
	return !slices.ContainsFunc(tokens, func(id int32) bool { return !utf8.Valid(f.tok.DecodeBytes([]int32{id})) })
}

// spread are at most n tokens from all over the vocabulary, the first and the last among them.
func (f *spelling) spread(n int) []int32 {
	vocab := f.tok.Vocab()
	n = min(n, vocab)
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i * (vocab - 1) / max(1, n-1))
	}
	return out
}

// Show implements proxy.Far.
func (f *far) Show(ctx context.Context, texts []proxy.Text) ([][]proxy.Shown, error) {
	var reqs []llm.Request
	var of []int // the text that a request is about
	for i, t := range texts {
		if len(t.Along) == 0 || !f.forces {
			reqs, of = append(reqs, llm.Request{Tokens: t.Prompt, Along: t.Along, Top: f.top, Whole: f.whole}), append(of, i)
			continue
		}
		for k := range t.Along {
			reqs, of = append(reqs, llm.Request{Tokens: slices.Concat(t.Prompt, t.Along[:k]), Next: &t.Along[k], Top: f.top}), append(of, i)
		}
	}
	replies, err := f.box.Do(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([][]proxy.Shown, len(texts))
	if len(replies) != len(reqs) {
		return nil, fmt.Errorf("%w: %d replies to %d requests", llm.ErrReply, len(replies), len(reqs))
	}
	for i, r := range replies {
		if r.None != nil {
			return nil, fmt.Errorf("%w: %s: no next tokens: %s", llm.ErrReply, r.None.Reason, r.None.Said)
		}
		along := reqs[i].Along
		if next := reqs[i].Next; next != nil {
			along = []int32{*next}
		}
		places, err := f.places(r, along)
		if err != nil {
			return nil, err
		}
		out[of[i]] = append(out[of[i]], places...)
	}
	return out, nil
}

// places are what a reply tells, with the tokens that stand there, if it tells of them.
func (f *spelling) places(r llm.Reply, along []int32) (out []proxy.Shown, err error) {
	for k, place := range r.Shown {
		shown, err := f.shown(place)
		if err != nil {
			return nil, err
		}
		if len(along) > 0 {
			read, want := r.Read[k], along[k]
			if id, told, err := f.id(read); err != nil {
				return nil, err
			} else if told && id != want {
				return nil, fmt.Errorf("%w: the LLM's server reads token %d as %q, which is %q to %s", proxy.ErrVocabulary, want, read.Text, f.tok.DecodeBytes([]int32{want}), f.owner)
			}
			shown = with(shown, want, read.LogProb)
		}
		out = append(out, shown)
	}
	return out, nil
}

// with adds the token that stands at a place, whose log-probability an echo tells too.
func with(s proxy.Shown, token int32, logProb float64) proxy.Shown {
	for _, t := range s.Tokens {
		if t == token {
			return s
		}
	}
	s.Tokens, s.LogProbs = append(s.Tokens, token), append(s.LogProbs, logProb)
	return s
}

// shown are tokens by their numbers. One that cannot be told from others, as half a character may be, counts as not shown.
func (f *spelling) shown(place []llm.Likely) (s proxy.Shown, err error) {
	seen := map[int32]bool{}
	for _, l := range place {
		id, told, err := f.id(l)
		switch {
		case err != nil:
			return s, err
		case told && !seen[id]:
			seen[id] = true
			s.Tokens, s.LogProbs = append(s.Tokens, id), append(s.LogProbs, l.LogProb)
		}
	}
	return s, nil
}

// id is the number of a token; told = it is known.
func (f *spelling) id(l llm.Likely) (id int32, told bool, err error) {
	if l.ID != nil {
		f.named.Store(true)
		want := f.tok.DecodeBytes([]int32{*l.ID})
		// Older servers of llama.cpp leave the space out in front; those tokens that no text stands for have none.
		if *l.ID < 0 || int(*l.ID) >= f.tok.Vocab() || len(l.Text) > 0 && !bytes.Equal(l.Text, want) && !bytes.Equal(l.Text, bytes.TrimPrefix(want, []byte(" "))) {
			return 0, false, fmt.Errorf("%w: token %d of the LLM's server is %q, and %q to %s", proxy.ErrVocabulary, *l.ID, l.Text, want, f.owner)
		}
		return *l.ID, true, nil
	}
	if l.Untold {
		return 0, false, nil
	}
	id, known := f.spelled[string(l.Text)]
	if !known {
		return 0, false, fmt.Errorf("%w: the LLM's server has the token %q, and %s has none of that text", proxy.ErrVocabulary, l.Text, f.owner)
	}
	return id, id != ambiguous, nil
}
