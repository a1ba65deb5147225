package llm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reason says why a question that was asked has no answer.
type Reason string

// The reasons.
const (
	Unfinished Reason = "unfinished" // the reply ended at the limit of its tokens before it came to an answer
	Refused    Reason = "refused"    // by the model or by a content filter
	Empty      Reason = "empty"      // a reply without a text
	Failed     Reason = "failed"     // the server began a reply and could not end it, however often it was asked
)

// NoAnswer says that a question has no answer. It is neither right nor wrong: it is counted apart.
type NoAnswer struct {
	Reason Reason `json:"reason"`
	Said   string `json:"said,omitempty"` // what came instead, shortened: the reply, the refusal, or the server's error
}

// none makes a NoAnswer of what came instead.
func none(reason Reason, said string) *NoAnswer {
	return &NoAnswer{reason, clip(strings.Join(strings.Fields(strings.ToValidUTF8(said, "\uFFFD")), " "), 200)}
}

// String is the reason and what came instead.
func (n NoAnswer) String() string {
	if n.Said == "" {
		return string(n.Reason)
	}
	return fmt.Sprintf("%s: %q", n.Reason, n.Said)
}

// passing says that the same question may be answered another time.
func (n *NoAnswer) passing() bool { return n != nil && (n.Reason == Failed || n.Reason == Empty) }

// ErrNoAnswer says that too many questions have no answer: figures from the rest would not be about the questions.
var ErrNoAnswer = fmt.Errorf("%w: too many questions without an answer", ErrUnavailable)

// tolerated is the share of a table's questions that may be without an answer. One alone always may.
const tolerated = 0.05

// Tally counts the questions without an answer among those of one row of a table.
type Tally struct {
	Of    int            // questions in all
	Count map[Reason]int // nil = none
	first string
}

// Add counts a question, if it has no answer. name says which it is.
func (t *Tally) Add(name string, n *NoAnswer) {
	if n == nil {
		return
	}
	if t.Count == nil {
		t.Count, t.first = map[Reason]int{}, name+" is "+n.String()
	}
	t.Count[n.Reason]++
}

// Total is the number of questions without an answer.
func (t *Tally) Total() (n int) {
	for _, c := range t.Count {
		n += c
	}
	return n
}

// Err is ErrNoAnswer when more than one question, and more than 5 % of them, have no answer. It says which reply was the first, and where replies
// were cut off, which key gives them more room.
func (t *Tally) Err() error {
	n := t.Total()
	if n < 2 || float64(n) <= tolerated*float64(t.Of) {
		return nil
	}
	room := ""
	if t.Count[Unfinished] > 0 {
		room = "; a larger llm.max_tokens gives unfinished replies more room"
	}
	return fmt.Errorf("llm: %w: %s of %d; the first: %s%s", ErrNoAnswer, t, t.Of, t.first, room)
}

// String is the count by reason, such as "3 unfinished, 1 refused".
func (t *Tally) String() string {
	var parts []string
	for _, r := range slices.Sorted(maps.Keys(t.Count)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.Count[r], r))
	}
	return strings.Join(parts, ", ")
}
