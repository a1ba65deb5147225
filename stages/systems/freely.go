package systems

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode"

	"slm/llm"
	"slm/stages/delivery"
)

// DefaultReplyTokens is the longest free reply of the black box. // tokens
const DefaultReplyTokens = 160

// Looped is why a free reply is not whole that was cut where it begins to repeat itself.
const Looped = "it went on repeating itself"

// replyTokens is how long a free reply may be.
func (r *Resources) replyTokens() int { return cmp.Or(r.ReplyTokens, DefaultReplyTokens) }

// tell asks the questions at some indices that have no choices.
func (r *Resources) tell(ctx context.Context, qs []Question, answers []Answer, at []int, put delivery.Delivery) error {
	if len(at) == 0 {
		return nil
	}
	most := r.replyTokens()
	messages := make([]string, len(at))
	for j, i := range at {
		messages[j] = put.Wording.Free(answers[i].Knowledge, qs[i].Text)
	}
	replies, err := llm.Write(llm.HearAs(ctx, settled), r.Box, messages, most)
	if err != nil {
		return err
	}
	for j, i := range at {
		a, reply := &answers[i], replies[j]
		a.Picked, a.None, a.Calls, a.Tokens, a.Written = -1, reply.None, reply.Calls, reply.PromptTokens+reply.OutputTokens, reply.OutputTokens
		a.say(reply.Text, reply.Cut && reply.None == nil, most)
	}
	return nil
}

// say makes a text the free reply: without what repeats itself, and with a sign where it is cut off at most tokens.
func (a *Answer) say(text string, cut bool, most int) {
	switch end, loops := loop(text); {
	case loops:
		a.Text, a.Cut = strings.TrimRight(text[:end], " \t\n,;:")+" …", Looped
	case cut:
		a.Text, a.Cut = strings.TrimSpace(text)+" …", fmt.Sprintf("it reached %d tokens", most)
	default:
		a.Text = strings.TrimSpace(text)
	}
}

// loop finds where a text begins to repeat itself: the end of the first of the repetitions. One or two words are repeated when they come
// four times in a row, a phrase with three, and eight words or more with two.
func loop(text string) (end int, loops bool) {
	words := cutWords(text)
	for from := range words {
		for period := 1; from+2*period <= len(words); period++ {
			need := 2
			switch {
			case period <= 2:
				need = 4
			case period < 8:
				need = 3
			}
			if from+need*period > len(words) {
				continue
			}
			same := true
			for i := from; same && i < from+(need-1)*period; i++ {
				same = words[i].text == words[i+period].text
			}
			if same {
				return words[from+period-1].end, true
			}
		}
	}
	return 0, false
}

// settled is the beginning of a free reply that stays as it is whatever comes after: it ends at a word's end, and before words that may be the
// beginning of a repetition, where the reply would be cut.
func settled(text string) string {
	if end, loops := loop(text); loops {
		text = text[:end]
	}
	words := cutWords(text)
	if n := len(words); n > 0 && words[n-1].end == len(text) {
		words = words[:n-1] // it may go on
	}
	same := 0 // of the last words, those that stand a period before in the same order
	for period := 1; period < len(words); period++ {
		n := 0
		for at := len(words) - 1; at >= period && words[at].text == words[at-period].text; at-- {
			n++
		}
		same = max(same, n)
	}
	if same == len(words) {
		return ""
	}
	return strings.TrimSpace(text[:words[len(words)-1-same].end])
}

type wordAt struct {
	text string
	end  int // in bytes
}

// cutWords cuts a text into words without case and punctuation; characters of scripts without spaces are words.
func cutWords(text string) (words []wordAt) {
	var word strings.Builder
	at := 0
	flush := func() {
		if word.Len() > 0 {
			words = append(words, wordAt{word.String(), at})
			word.Reset()
		}
	}
	for i, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			flush()
			word.WriteRune(r)
			at = i + len(string(r))
			flush()
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			word.WriteRune(unicode.ToLower(r))
			at = i + len(string(r))
		default:
			flush()
		}
	}
	flush()
	return words
}
