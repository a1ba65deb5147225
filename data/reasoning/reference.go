package reasoning

import (
	"fmt"
	"regexp"
	"strings"
)

// reference asks for the heading of the section that a text refers to: the text gives the number, what the model has read gives the heading.
var reference = class{
	name: "reference",
	asked: []string{
		"What is the heading of the section of {title} that the text refers to?", "The text refers to a section of {title}: how is it headed?", "Which heading has the section of {title} that is named in the text?",
		"Name the heading of the section of {title} to which the text points.", "Follow the reference within {title}: what is that section called?",
	},
	unseen: []string{"To which section of {title} does the text refer? Give its heading.", "How is the section of {title} called that the text mentions?", "Give the title of the section of {title} that the text refers to."},
	find:   (*maker).references,
}

// refers finds a section that is referred to; elsewhere, behind it, says that it is one of another document, and many that it is not the only one.
var (
	refers    = regexp.MustCompile(`\b([Ss]ection|[Aa]rticle|[Pp]aragraph) (\d+(?:\.\d+)*)`)
	elsewhere = regexp.MustCompile(`^(?:\([a-z0-9]+\))* of (?:[A-Z]|the [A-Z]|that )`)
	many      = regexp.MustCompile(`(?i)\b(?:sections|articles|paragraphs) \d`)
)

const mostHeading = 10 // words

func (m *maker) references(s section) (out []fact) {
	for i, sentence := range s.sentences {
		at := refers.FindStringSubmatchIndex(sentence)
		if at == nil {
			continue
		}
		text := around(s.sentences, i, at[0], at[1], m.Words)
		if len(refers.FindAllString(text, 2)) != 1 || many.MatchString(text) { // with its neighbours; alone it may have one
			text = around([]string{sentence}, 0, at[0], at[1], m.Words)
		}
		if text == "" || len(refers.FindAllString(text, 2)) != 1 || many.MatchString(text) || elsewhere.MatchString(sentence[at[1]:]) {
			continue
		}
		kind, number := sentence[at[2]:at[3]], sentence[at[4]:at[5]]
		to, ok := m.at[[2]string{s.Title, number}]
		if !ok {
			to, ok = m.at[[2]string{s.Title, kind + " " + number}]
		}
		if !ok || to == s.index {
			continue
		}
		target := m.sections[to]
		heading := strings.TrimSpace(target.Heading)
		if heading == "" || words(heading) > mostHeading {
			continue
		}
		kind = strings.ToLower(kind)
		out = append(out, fact{
			text: text, fill: map[string]string{"title": s.Title}, answer: heading,
			work: Work{
				Evidence: near(sentence, at[0], at[1], 4, 3), Reason: fmt.Sprintf("the text refers to %s %s of %s", kind, number, s.Title),
				Steps:  []string{fmt.Sprintf("The text refers to %s %s.", kind, number), fmt.Sprintf("%s %s of %s is headed: %s.", upper(kind), number, s.Title, heading)},
				Recall: fmt.Sprintf("%s %s of %s reads: %s", upper(kind), number, s.Title, clip(target.Text, m.Words/2)),
			},
		})
	}
	return out
}

func upper(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
