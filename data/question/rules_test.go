package question

import (
	"slices"
	"testing"

	"slm/data/corpus"
)

// reads lists, by language and rule, a sentence and a question that the rule reads off it. Some sentences are those of real texts, or close to them: licences, GDPR,
// the codes of the PRC, Genetics Home Reference; those of German, French and Korean are our own.
var reads = map[string]map[string][2]string{
	"en": {
		"you may":     {"You may charge a fee for the physical act of transferring a copy, and you may at your option offer warranty protection in exchange for a fee.", "May I charge a fee for the physical act of transferring a copy?"},
		"you may not": {"You may not impose any further restrictions on the recipients' exercise of the rights granted herein.", "Can I impose any further restrictions on the recipients' exercise?"},
		"you must":    {"You must cause any modified files to carry prominent notices stating that You changed the files; and", "Do I have to cause any modified files to carry prominent notices stating?"},
		"one may":     {"The Free Software Foundation may publish revised and/or new versions of the GNU General Public License from time to time.", "May the Free Software Foundation publish revised and/or new versions of the GNU General Public License?"},
		"one may not": {"The processor shall not engage another processor without prior specific or general written authorisation of the controller.", "May the processor engage another processor without prior specific or general written authorisation?"},
		"one must":    {"Each controller shall maintain a record of processing activities under its responsibility.", "Does each controller have to maintain a record of processing activities under its responsibility?"},
		"who may":     {"The Free Software Foundation may publish revised and/or new versions of the GNU General Public License from time to time.", "Who can publish revised and/or new versions of the GNU General Public License?"},
		"who must":    {"The processor shall notify the controller without undue delay after becoming aware of a personal data breach.", "Who must notify the controller without undue delay after becoming aware?"},
		"means":       {"‘personal data’ means any information relating to an identified or identifiable natural person", "What is meant by personal data?"},
		"is defined":  {"Contribution means any work of authorship that is submitted to the Licensor.", "What counts as contribution?"},
		"is a":        {"Aarskog-Scott syndrome is a genetic disorder that affects the development of many parts of the body.", "What is Aarskog-Scott syndrome?"},
		"if first":    {"If You institute patent litigation against any entity, then any patent licenses granted to You shall terminate.", "What happens if I institute patent litigation against any entity?"},
		"if later":    {"Your rights under this License terminate automatically if you fail to comply with any of its terms.", "What happens if I fail to comply with any of its terms?"},
		"time to do":  {"The controller shall report the breach to the supervisory authority not later than 72 hours after having become aware of it.", "How long do I have to report the breach to the supervisory authority?"},
		"time":        {"The written offer is valid for at least three years.", "How many years for written offer?"},
		"share":       {"Only about 20 percent of people with this disorder have identifiable mutations.", "What percentage of identifiable mutations?"},
		"money":       {"The total liability is limited to 50 dollars for each user.", "How high can total liability be?"},
		"number":      {"The Court consists of nine judges who serve for life.", "How many judges: court consists?"},
		"cause":       {"Mutations in the FGD1 gene cause some cases of Aarskog-Scott syndrome.", "What causes some cases of Aarskog-Scott syndrome?"},
		"passive":     {"Aarskog-Scott syndrome is inherited in an X-linked recessive pattern.", "How is Aarskog-Scott syndrome inherited?"},
		"law":         {"This License shall be governed by the laws of the State of California.", "Which law applies?"},
		"court":       {"Any dispute is subject to the exclusive jurisdiction of the courts of Santa Clara County.", "Which court decides?"},
		"liable":      {"In no event shall the authors be liable for any claim.", "Who is liable for damage?"},
		"warranty":    {"The software comes without any warranty of any kind.", "Is there a warranty?"},
		"ends":        {"All rights granted by this License end when this License is terminated.", "When do I lose my rights?"},
	},
}

// wordings are the questions of a rule about a text, in the wordings of many seeds.
func wordings(text, rule string) (out []string) {
	s := corpus.Section{ID: "a#1", Title: "a", Number: "1", Text: text}
	c := Count(corpus.Slice{s}, nil)
	for seed := range uint64(80) {
		for _, q := range Of(s, c, seed) {
			if q.Rule == rule && !slices.Contains(out, q.Text) {
				out = append(out, q.Text)
			}
		}
	}
	return out
}

func TestRules_EachReadsItsQuestionOffASentence(t *testing.T) {
	for _, l := range languages() {
		for _, r := range l.rules {
			c, ok := reads[l.code][r.name]
			if !ok {
				t.Errorf("%s: nothing shows what rule %q does", l.code, r.name)
				continue
			}
			if got := wordings(c[0], r.name); !slices.Contains(got, c[1]) {
				t.Errorf("%s, %s: %q is not asked, but %q", l.code, r.name, c[1], got)
			}
		}
	}
}
