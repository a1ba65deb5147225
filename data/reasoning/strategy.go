package reasoning

import (
	"fmt"
	"strings"
)

// Strategies, from the one with the shortest answers on.
const (
	Direct  = "direct"  // the answer alone
	Explain = "explain" // the reason, then the answer
	Extract = "extract" // the words of the text from which the answer follows, then the answer
	Steps   = "steps"   // one step after the other, then the answer
	Recall  = "recall"  // all that has to be known, then the answer
)

// Strategies lists them.
var Strategies = []string{Direct, Explain, Extract, Steps, Recall}

// openings begin what is written under a strategy, so that a reply tells which it follows. therefore stands before the answer.
var openings = map[string]string{Explain: "Because", Extract: "The text says:", Steps: "Step 1:", Recall: "It is known:"}

const therefore = "Therefore:"

// Reply is the answer as it is reasoned under a strategy, from how the task was made: in one line.
func (t Task) Reply(strategy string) string {
	w := t.Work
	switch strategy {
	case Explain:
		return conclude(openings[Explain]+" "+w.Reason, t.Answer)
	case Extract:
		return conclude(openings[Extract]+" “"+w.Evidence+"”", t.Answer)
	case Steps:
		var steps []string
		for i, s := range w.Steps {
			steps = append(steps, fmt.Sprintf("Step %d: %s", i+1, s))
		}
		return conclude(strings.Join(steps, " "), t.Answer)
	case Recall:
		return conclude(openings[Recall]+" "+w.Recall, t.Answer)
	}
	return t.Answer
}

func conclude(reasons, answer string) string {
	if !strings.HasSuffix(reasons, ".") {
		reasons += "."
	}
	return reasons + " " + therefore + " " + answer
}

// Opened is what a model has written under a strategy, in one line that begins as replies under it do.
func Opened(strategy, reply string) string {
	reply = strings.Join(strings.Fields(reply), " ")
	if open := openings[strategy]; open != "" && !strings.HasPrefix(reply, open) {
		reply = open + " " + reply
	}
	return reply
}

// Read tells the strategy that a reply follows, and its answer.
func Read(reply string) (strategy, answer string) {
	reply = strings.TrimSpace(reply)
	strategy = Direct
	for name, open := range openings {
		if strings.HasPrefix(reply, open) {
			strategy = name
		}
	}
	if i := strings.LastIndex(reply, therefore); i >= 0 {
		reply = reply[i+len(therefore):]
	}
	return strategy, strings.TrimSpace(reply)
}
