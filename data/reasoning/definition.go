package reasoning

import (
	"regexp"
	"strings"
)

// definition asks for the words by which a text defines a term.
var definition = class{
	name: "definition",
	asked: []string{
		"How does the text define {x}?", "What does {x} mean in the text?", "Quote the definition of {x}.", "What is meant by {x}?", "Give the meaning of {x} in the words of the text.",
	},
	unseen: []string{"Which definition does the text have for {x}?", "In the words of the text, {x} is what?", "State what {x} means."},
	find:   (*maker).definitions,
}

var defines = regexp.MustCompile(`["“]([A-Z][^"“”]{1,40})["”] (?:shall mean|means|shall be|refers to|is defined as|is) ([^"“”;:()]+?)[.;]`)

// mostQuoted is how many words a quoted definition has at most.
const mostQuoted = 20

func (m *maker) definitions(s section) (out []fact) {
	for i, sentence := range s.sentences {
		f := defines.FindStringSubmatch(sentence + ".")
		if f == nil {
			continue
		}
		from := strings.Index(sentence+".", f[0])
		text := around(s.sentences, i, from, min(from+len(f[0]), len(sentence)), m.Words)
		if text == "" || words(f[2]) < 3 || words(f[2]) > mostQuoted {
			continue
		}
		term := "“" + f[1] + "”"
		out = append(out, fact{
			text: text, fill: map[string]string{"x": term}, answer: f[2],
			work: Work{
				Evidence: strings.TrimRight(f[0], ".;"), Reason: "the text defines " + term,
				Steps:  []string{"The term is " + term + ".", "The text says what it is: " + f[2] + "."},
				Recall: text,
			},
		})
	}
	return out
}
