package reasoning

import (
	"regexp"
	"strings"
)

// yesNo asks whether a text says something. Of two statements one has the opposite of what the text says.
var yesNo = class{
	name: "yes-no",
	asked: []string{
		"Does the text say: “{x}”?", "Is this what the text says: “{x}”?", "Does “{x}” agree with the text?", "“{x}”: is that so?", "Is it right that “{x}”?",
	},
	unseen: []string{"According to the text, is it true that “{x}”?", "Does the text agree that “{x}”?", "“{x}”: does the text say so?"},
	find:   (*maker).yesNos,
}

// modal is the word that is turned round, once in a sentence.
var modal = regexp.MustCompile(`\b(may|must|shall|will|can|does|is|are)\b( not\b)?`)

const (
	mostStated  = 14 // words of a statement
	leastStated = 5
)

func (m *maker) yesNos(s section) (out []fact) {
	for i, sentence := range s.sentences {
		statement := clip(sentence, mostStated)
		text := around(s.sentences, i, 0, len(statement), m.Words)
		at := modal.FindStringSubmatchIndex(statement)
		if text == "" || at == nil || words(statement) < leastStated || strings.ContainsAny(statement, "“”\"") || words(statement[at[1]:]) < 2 {
			continue
		}
		if len(out) == perSection {
			break
		}
		word, negated := statement[at[2]:at[3]], at[4] >= 0
		asked, answer := statement, "Yes"
		if s.draw.IntN(2) == 1 {
			turned := word + " not"
			if negated {
				turned = word
			}
			asked, answer = statement[:at[0]]+turned+statement[at[1]:], "No"
		}
		out = append(out, fact{
			text: text, fill: map[string]string{"x": asked}, answer: answer,
			work: Work{
				Evidence: statement, Reason: "the text says “" + near(statement, at[0], at[1], 2, 2) + "”",
				Steps:  []string{"The question says: " + asked + ".", "The text says: " + statement + "."},
				Recall: text,
			},
		})
	}
	return out
}
