package reasoning

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"slm/data/question"
)

// comparison asks which of two sections says something about a word that the other does not have.
var comparison = class{
	name: "comparison",
	asked: []string{
		"Which of the two texts has the word “{x}”?", "Does A or B speak of “{x}”?", "Where does “{x}” stand, in A or in B?", "Compare A with B: which has “{x}”?", "“{x}”: is it in A or in B?",
	},
	unseen: []string{"Of A and B, which says something about “{x}”?", "Which text, A or B, uses “{x}”?", "Look at A and at B. Which of them has “{x}”?"},
	find:   (*maker).comparisons,
}

// longer matches the longer words of a text in lower case.
var longer = regexp.MustCompile(`\b[a-z]{6,}\b`)

const (
	perSection  = 2 // comparisons of a section
	leastPassed = 8 // words of a text that is compared
)

func (m *maker) comparisons(s section) (out []fact) {
	var fit []string
	for _, x := range s.sentences {
		if n := words(x); n >= leastPassed && 2*n <= m.Words {
			fit = append(fit, x)
		}
	}
	for len(fit) > 0 && len(out) < perSection {
		a := fit[s.draw.IntN(len(fit))]
		b := m.another(s, a)
		if b == "" {
			return out
		}
		low := strings.ToLower(a)
		if len(low) != len(a) { // of letters whose small one has another length: places would not agree
			return out
		}
		own := slices.DeleteFunc(longer.FindAllString(low, -1), func(word string) bool { return strings.Contains(strings.ToLower(b), word) })
		if len(own) == 0 {
			return out
		}
		x := own[s.draw.IntN(len(own))]
		letters, texts := [2]string{"A", "B"}, [2]string{a, b}
		at := s.draw.IntN(2)
		if at == 1 {
			texts[0], texts[1] = b, a
		}
		from := strings.Index(low, x)
		evidence := near(a, from, from+len(x), 3, 3)
		steps := []string{"A does not have “" + x + "”.", "B does not have “" + x + "”."}
		steps[at] = fmt.Sprintf("%s has: %s.", letters[at], evidence)
		text := "A: " + texts[0] + " B: " + texts[1]
		out = append(out, fact{
			text: text, fill: map[string]string{"x": x}, answer: letters[at],
			work: Work{Evidence: evidence, Reason: fmt.Sprintf("%s has “%s”", letters[at], near(a, from, from+len(x), 1, 1)), Steps: steps, Recall: text},
		})
	}
	return out
}

// another is a sentence of another section of the same split, so that nothing that is held out is read in training.
func (m *maker) another(s section, not string) string {
	for range 20 {
		i := s.draw.IntN(len(m.sections))
		if i == s.index || m.split[i] != m.split[s.index] {
			continue
		}
		for _, x := range question.Sentences(m.sections[i]) {
			if n := words(x); n >= leastPassed && 2*n <= m.Words && x != not {
				return x
			}
		}
	}
	return ""
}
