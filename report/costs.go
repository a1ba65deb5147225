package report

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"slm/checkpoint"
)

// costRow is a stage's line in the table of costs.
type costRow struct {
	Stage, Title, Planned, Time, Calls, LLMTokens, Other string
}

// costs lists what every stage took. Calls and tokens come from the manifest's counters, time from the events.
func costs(stages []Stage) []costRow {
	var out []costRow
	var total costRow
	var seconds, planned float64
	var calls, tokens int64
	atLeast := "" // before the sum of tokens, when a stage has calls but did not count them
	for _, s := range stages {
		c := s.Manifest.Counters
		row := costRow{Stage: s.Name, Title: s.Title, Planned: duration(s.Planned), Time: duration(s.Seconds), Calls: "–", LLMTokens: "–"}
		asked, ok := count(s.Manifest, "llm_calls")
		if ok {
			row.Calls, calls = whole(asked), calls+asked
		}
		if n, ok := count(s.Manifest, "llm_tokens"); ok {
			row.LLMTokens, tokens = whole(n), tokens+n
		} else if asked > 0 {
			atLeast = "≥" + nbsp
		}
		var other []string
		for _, name := range slices.Sorted(maps.Keys(c)) {
			if name != "llm_calls" && name != "llm_tokens" {
				other = append(other, strings.ReplaceAll(name, "_", " ")+nbsp+whole(c[name]))
			}
		}
		for _, m := range s.Metrics {
			other = append(other, strings.ReplaceAll(m.Name, "_", " ")+nbsp+strconv.FormatFloat(m.Value, 'g', 4, 64))
		}
		row.Other = strings.Join(other, " · ")
		seconds, planned = seconds+s.Seconds, planned+s.Planned
		out = append(out, row)
	}
	total = costRow{Stage: "all", Planned: duration(planned), Time: duration(seconds), Calls: whole(calls), LLMTokens: atLeast + whole(tokens)}
	return append(out, total)
}

// count is a manifest's counter, or a fact that is a number.
func count(m *checkpoint.Manifest, name string) (int64, bool) {
	if n, ok := m.Counters[name]; ok {
		return n, true
	}
	n, err := strconv.ParseInt(m.Facts[name], 10, 64)
	return n, err == nil
}

// Spent is what the stage took: tokens that it trained on and calls of the LLM, as far as its manifest says.
func (s Stage) Spent() (trained, calls int64) {
	calls, _ = count(s.Manifest, "llm_calls")
	return s.Manifest.Counters["tokens"], calls
}

// fact is a name and its value, for lists in the order of the names.
type fact struct{ Name, Value string }

// facts merges what the manifests say under Facts or Versions; where stages agree the value stands once.
func facts(stages []Stage, of func(Stage) map[string]string) []fact {
	merged := map[string][]string{}
	for _, s := range stages {
		for name, value := range of(s) {
			if !slices.Contains(merged[name], value) {
				merged[name] = append(merged[name], value)
			}
		}
	}
	out := make([]fact, 0, len(merged))
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		out = append(out, fact{strings.ReplaceAll(name, "_", " "), strings.Join(merged[name], ", ")})
	}
	return out
}
