package report

import (
	"fmt"
	"strings"

	"slm/stages/bpo"
)

// change is a question whose knowledge is another with the prompt.
type change struct {
	Question, Answer, Prompt string
	Before, After            spoken
	Kind, Class              string
}

// spoken is what the small model said.
type spoken struct{ Place, Text string }

// changed picks n questions whose knowledge differs between z = 0 and the prompt that the search ended with: of those held out first, since
// no search has seen them, and of each outcome one before another of the same. Without any it says why.
func (s *Search) changed(n int) ([]change, string) {
	texts := map[string]string{}
	for _, t := range s.Texts {
		texts[t.Place] = t.Text
	}
	find := func(arm string, trial int64, zero bool) *bpo.TrialRow {
		for i, t := range s.Trials {
			if t.Arm == arm && (t.Kind == "zero") == zero && (zero || t.Trial == trial) {
				return &s.Trials[i]
			}
		}
		return nil
	}
	var best *bpo.TrialRow
	for i, t := range s.Trials {
		if t.Arm == "check/search" && t.Kind != "zero" {
			best = &s.Trials[i]
		}
	}
	if best == nil {
		return nil, "No prompt was checked."
	}
	groups := make([][]change, len(exampleKinds))
	total := 0
	for _, part := range []struct{ arm, items string }{{"check/search", "check"}, {"choice/search", "choice"}, {"search", "search"}} {
		before, after := find(part.arm, 0, true), find(part.arm, best.Trial, false)
		if before == nil || after == nil {
			continue
		}
		at := 0
		for _, it := range s.Items {
			if it.Part != part.items {
				continue
			}
			i := at
			at++
			if i >= len(before.Text) || i >= len(after.Text) || before.Text[i] == after.Text[i] {
				continue
			}
			c := change{Question: it.Question, Answer: it.Answer, Prompt: fmt.Sprintf("trial %d", best.Trial), Before: say(before.Text[i], texts), After: say(after.Text[i], texts)}
			for k, kind := range exampleKinds {
				if (before.Answers[i] == 1) == kind.before && (after.Answers[i] == 1) == kind.after {
					c.Kind, c.Class = kind.name, kind.class
					groups[k] = append(groups[k], c)
					total++
				}
			}
		}
	}
	if total == 0 {
		return nil, fmt.Sprintf("What the prompt changed: nothing. With trial %d, the best of the search, the small model says the same to every question.", best.Trial)
	}
	var out []change
	for round := 0; len(out) < min(n, total); round++ {
		for _, g := range groups {
			if round < len(g) && len(out) < n {
				out = append(out, g[round])
			}
		}
	}
	return out, ""
}

// say splits what a trial's row holds: a place, whose text stands elsewhere, or with one step the text.
func say(said string, texts map[string]string) spoken {
	text, ok := texts[said]
	switch {
	case ok:
		return spoken{said, clip(text)}
	case said == "":
		return spoken{Text: "(no place)"}
	}
	return spoken{Text: clip(said)}
}

// clip keeps the beginning of a text.
func clip(text string) string {
	const most = 40 // words
	words := strings.Fields(text)
	if len(words) > most {
		return strings.Join(words[:most], " ") + " …"
	}
	if r := []rune(text); len(r) > 240 {
		return string(r[:240]) + " …"
	}
	return text
}
