package llm

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// optionScore sums the log-probabilities of the tokens that spell the option, found by their positions in the echoed text.
func optionScore(got *completionReply, prompt, option string) (Score, error) {
	const advice = "this server cannot answer by likelihood; use answer: letter"
	lp := got.Choices[0].LogProbs
	if lp != nil && len(lp.TokenLogProbs) == 0 && filled(lp.Content) { // llama.cpp's server, which has no echo
		return Score{}, errors.New("log-probabilities came back of what is generated alone: " + advice)
	}
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
