package report

import (
	"slm/result"
	"slm/stages/systems"
	"slm/stages/verdict"
)

// Example is one question with what the small model said and what the LLM answered before and after.
type Example struct {
	Question  string
	Place     string
	Knowledge string
	Verified  bool
	Options   []Option
	Kind      string // lifted, harmed, still wrong, right both times
	KindClass string
}

// Option is an answer on offer.
type Option struct {
	Letter               string
	Text                 string
	Right, Before, After bool
}

// exampleKinds are the four outcomes, in the order in which examples are shown.
var exampleKinds = []struct {
	name, class   string
	before, after bool
}{
	{"lifted", "good", false, true},
	{"harmed", "bad", true, false},
	{"still wrong", "bad", false, false},
	{"right both times", "plain", true, true},
}

// examples picks n questions by rule, not by hand: every outcome that occurs gets its share of n rounded to the nearest and at least
// one, the most frequent outcome gives or takes the difference, and within an outcome the items come evenly spaced in file order.
func examples(s *result.Summary, rows []result.Row, n int) []Example {
	m, ok := verdict.Method(s)
	if !ok {
		return nil
	}
	before := map[string]result.Row{}
	for _, r := range rows {
		if r.System == systems.Alone {
			before[r.Item] = r
		}
	}
	groups := make([][]result.Row, len(exampleKinds))
	total := 0
	for _, r := range rows {
		b, ok := before[r.Item]
		if r.System != m.System || !ok || r.Exam != "" || r.Unscored {
			continue
		}
		for i, k := range exampleKinds {
			if b.Correct == k.before && r.Correct == k.after {
				groups[i] = append(groups[i], r)
				total++
			}
		}
	}
	var out []Example
	for i, take := range shares(groups, total, n) {
		for j := range take {
			r := groups[i][j*len(groups[i])/take]
			out = append(out, example(r, before[r.Item], exampleKinds[i].name, exampleKinds[i].class))
		}
	}
	return out
}

// shares says how many examples each outcome gets.
func shares(groups [][]result.Row, total, n int) []int {
	take, sum, most := make([]int, len(groups)), 0, 0
	if total == 0 {
		return take
	}
	n = min(n, total)
	for i, g := range groups {
		if len(g) > 0 {
			take[i] = max(1, (len(g)*n+total/2)/total)
		}
		sum += take[i]
		if len(g) > len(groups[most]) {
			most = i
		}
	}
	take[most] = min(len(groups[most]), max(1, take[most]+n-sum))
	return take
}

func example(after, before result.Row, kind, class string) Example {
	e := Example{Question: after.Question, Place: after.Place, Knowledge: after.Knowledge, Verified: after.Verified, Kind: kind, KindClass: class}
	for i, text := range after.Choices {
		e.Options = append(e.Options, Option{Letter: string(rune('A' + i)), Text: text,
			Right: i == int(after.Answer), Before: i == int(before.Picked), After: i == int(after.Picked)})
	}
	return e
}
