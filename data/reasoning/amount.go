package reasoning

import (
	"fmt"
	"regexp"
	"strings"
)

// amount asks for the one number with a unit that a text has.
var amount = class{
	name: "amount",
	asked: []string{
		"How many {u} does the text name?", "What is the number of {u} in the text?", "Which number of {u} does the text give?", "Give the {u} that the text names.", "The text speaks of how many {u}?",
	},
	unseen: []string{"What number of {u} is named here?", "How many {u} are given in the text?", "Find the number of {u} in the text."},
	find:   (*maker).amounts,
}

// quantity is a number with its unit. One of something is none: "one year" is, "one party" is not asked for.
var quantity = regexp.MustCompile(`(?i)\b(?:\d+(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|eighteen|twenty|thirty|forty-five|sixty|ninety|fifty|hundred)(?: ?\(\d+%?\))?(?:-| )?(?:calendar |business |working )?(days?|months?|years?|weeks?|hours?|percent|per cent|%|copies|dollars|euros)`)

func (m *maker) amounts(s section) (out []fact) {
	for i, sentence := range s.sentences {
		at := quantity.FindStringSubmatchIndex(sentence)
		if at == nil {
			continue
		}
		text := around(s.sentences, i, at[0], at[1], m.Words)
		if len(quantity.FindAllString(text, 2)) != 1 { // with its neighbours; alone it may have one
			text = around([]string{sentence}, 0, at[0], at[1], m.Words)
		}
		if len(quantity.FindAllString(text, 2)) != 1 {
			continue
		}
		number, unit := sentence[at[0]:at[1]], strings.ToLower(sentence[at[2]:at[3]])
		if unit == "%" || unit == "per cent" {
			unit = "percent"
		}
		if unit != "percent" && !strings.HasSuffix(unit, "s") {
			unit += "s"
		}
		evidence := near(sentence, at[0], at[1], 6, 4)
		out = append(out, fact{
			text: text, fill: map[string]string{"u": unit}, answer: number,
			work: Work{
				Evidence: evidence, Reason: fmt.Sprintf("the text has “%s”", near(sentence, at[0], at[1], 2, 1)),
				Steps:  []string{"The unit is " + unit + ".", "The words around it are: " + evidence + ".", "The number with its unit is " + number + "."},
				Recall: text,
			},
		})
	}
	return out
}
