package systems

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

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
}

// ambiguous stands for a text that several tokens have.
const ambiguous = -1

// probed are how many tokens of the vocabulary are compared where the server echoes a prompt, and probes how many prompts it is asked to go on from.
const (
	probed = 256
	probes = 4
)

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
	if _, err := f.Show(ctx, texts); err != nil {
		return nil, err
	}
	if f.named.Load() { // that form tells of what is generated alone
		return f, nil
	}
	_, err := f.Show(ctx, []proxy.Text{{Prompt: all[:1], Along: all[1:]}})
	switch f.echoes = err == nil; {
	case f.echoes:
		return f, nil
	case errors.Is(err, llm.ErrNoEcho), errors.Is(err, llm.ErrRequest):
		return nil, fmt.Errorf("%w: the LLM's server tells neither the numbers of tokens nor how it reads a prompt (%w), so that nothing shows that its tokens are those of %s", proxy.ErrVocabulary, err, m.Name)
	}
	return nil, err
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
	reqs := make([]llm.Request, len(texts))
	for i, t := range texts {
		reqs[i] = llm.Request{Tokens: t.Prompt, Along: t.Along, Top: f.top, Whole: f.whole}
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
		for k, place := range r.Shown {
			var read *llm.Likely
			if len(texts[i].Along) > 0 {
				read = &r.Read[k]
				if id, told, err := f.id(*read); err != nil {
					return nil, err
				} else if want := texts[i].Along[k]; told && id != want {
					return nil, fmt.Errorf("%w: the LLM's server reads token %d as %q, which is %q to %s", proxy.ErrVocabulary, want, read.Text, f.tok.DecodeBytes([]int32{want}), f.owner)
				}
			}
			shown, err := f.shown(place)
			if err != nil {
				return nil, err
			}
			if read != nil {
				shown = with(shown, texts[i].Along[k], read.LogProb)
			}
			out[i] = append(out[i], shown)
		}
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
