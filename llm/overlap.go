package llm

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
)

// OverlapModel is the one model of provider overlap.
const OverlapModel = "character-trigrams"

var overlapProvider = Provider{
	Name: Overlap, Meaning: "no language model at all, for tests (model: " + OverlapModel + ")",
	validate: Config.validateOverlap,
	open:     func(Config, Options) (provider, error) { return overlap{}, nil },
}

// overlap is no language model: it chooses the option that shares the most character trigrams with the prompt's knowledge. It needs no
// weights and answers in microseconds, for tests and CI. Without knowledge it is at chance.
type overlap struct{}

func (overlap) info() Info {
	return Info{Provider: Overlap, Model: OverlapModel, Digest: "1", CanScore: true}
}
func (overlap) parallel() int { return 1 }
func (overlap) close() error  { return nil }

// ask scores options. A word counts as a token, and the score of a token is between -4 (nothing of the option stands in the knowledge) and
// 0 (all of it does), less up to a thousandth that a hash decides, so that no two options are quite equal.
func (o overlap) ask(ctx context.Context, r Request) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, fmt.Errorf("llm: %w", err)
	}
	if len(r.Options) == 0 {
		return Reply{}, fmt.Errorf("llm: %w: provider overlap is no language model: it only chooses among options", ErrNoText)
	}
	known := trigrams(knowledgeOf(r.Prompt))
	reply := Reply{PromptTokens: len(strings.Fields(r.Prompt))}
	for _, option := range r.Options {
		tokens := max(1, len(strings.Fields(option)))
		sum := sha256.Sum256([]byte(r.Prompt + "\x00" + option))
		tie := float64(binary.LittleEndian.Uint32(sum[:])) / (1 << 32)
		reply.Scores = append(reply.Scores, Score{LogProb: float64(tokens) * (float64(-4*(1-share(option, known))) - tie/1000), Tokens: tokens})
		reply.PromptTokens += tokens
	}
	return reply, nil
}

// validateOverlap refuses what provider overlap would not read.
func (c Config) validateOverlap(problem func(string, ...any)) {
	if c.Model != OverlapModel && c.Model != "" {
		problem("model: provider overlap has one: %s", OverlapModel)
	}
	if c.Answer == Letter {
		problem("answer: provider overlap writes no letters: use cloze")
	}
}

// knowledgeOf is what stands in front of the question, as Render puts it.
func knowledgeOf(prompt string) string {
	return prompt[:max(0, strings.LastIndex(prompt, "\n\nQuestion: "))]
}

// share is how many of a text's trigrams are in a set.
func share(text string, set map[[3]rune]bool) float64 {
	mine := trigrams(text)
	n := 0
	for t := range mine {
		if set[t] {
			n++
		}
	}
	return float64(n) / float64(max(1, len(mine)))
}

// trigrams is the set of a text's character trigrams: letters and digits in lower case, all else folded to single spaces.
func trigrams(text string) map[[3]rune]bool {
	runes := []rune(" " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ") + " ")
	set := map[[3]rune]bool{}
	for i := 0; i+3 <= len(runes); i++ {
		set[[3]rune(runes[i:i+3])] = true
	}
	return set
}

var _ provider = overlap{}
