package reasoning

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// counting asks how many items the list of a text has.
var counting = class{
	name: "count",
	asked: []string{
		"How many items does the text list?", "Count the items of the list.", "How many points has the list in the text?", "The text lists how many items?", "What is the number of items in the list?",
	},
	unseen: []string{"How many conditions are listed here?", "Into how many items is the list divided?", "Give the number of items that are listed."},
	find:   (*maker).counts,
}

// item is the mark of an item: (a), (iii), (2).
var item = regexp.MustCompile(`\((?:([a-h])|(i{1,3}|iv|vi{0,3})|(\d))\) `)

var romans = []string{"i", "ii", "iii", "iv", "v", "vi", "vii", "viii"}

const (
	itemWords = 4 // of an item that is told
	mostItems = 8
)

// counts finds lists whose marks go up one by one from the first.
func (m *maker) counts(s section) (out []fact) {
	text := strings.Join(strings.Fields(s.Text), " ")
	marks := item.FindAllStringSubmatchIndex(text, -1)
	for from := 0; from < len(marks); {
		kind := kindOf(text, marks[from], 1)
		to := from
		for to < len(marks) && to-from < mostItems && kind >= 0 && kindOf(text, marks[to], to-from+1) == kind {
			to++
		}
		if to-from < 2 {
			from++
			continue
		}
		if f, ok := m.list(text, marks[from:to]); ok {
			out = append(out, f)
		}
		from = to
	}
	return out
}

// kindOf is which kind of marks this one is of, if it is number n of them; −1 = of none.
func kindOf(text string, at []int, n int) int {
	of := func(k int) string {
		if at[2*k] < 0 {
			return ""
		}
		return text[at[2*k]:at[2*k+1]]
	}
	switch {
	case n > mostItems:
	case of(1) == string(rune('a'+n-1)):
		return 1
	case of(2) == romans[n-1]:
		return 2
	case of(3) == strconv.Itoa(n):
		return 3
	}
	return -1
}

// list is the fact about some marks, from the beginning of the sentence before them to the end of the last item.
func (m *maker) list(text string, marks [][]int) (fact, bool) {
	begin := strings.LastIndex(text[:marks[0][0]], ". ") + 1
	last := marks[len(marks)-1]
	end := len(text)
	if i := strings.IndexAny(text[last[1]:], ".;"); i >= 0 {
		end = last[1] + i + 1
	}
	shown := strings.TrimSpace(text[begin:end])
	if n := words(shown); n > m.Words || n < leastPassed {
		return fact{}, false
	}
	var labels, steps []string
	for i, at := range marks {
		to := end
		if i+1 < len(marks) {
			to = marks[i+1][0]
		}
		label := strings.TrimSpace(text[at[0]:at[1]])
		labels = append(labels, label)
		steps = append(steps, label+" "+clip(text[at[1]:to], itemWords)+".")
	}
	all := strings.Join(labels, " ")
	return fact{text: shown, answer: strconv.Itoa(len(marks)), work: Work{
		Evidence: clip(text[marks[0][1]:marks[1][0]], 2*itemWords), Reason: fmt.Sprintf("the items are %s", all), Steps: steps, Recall: shown,
	}}, true
}
