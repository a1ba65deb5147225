package kit

import (
	"slices"
	"strconv"
	"strings"

	"slm/data/pairs"
	"slm/rng"
	"slm/stages/domain"
)

// rules adds up to most questions by rules about each section, also about those whose own questions the exam holds out. A held-out question and near
// copies of one are on the list, with why they go.
func (l *pairList) rules(dom *domain.Domain, most int, seed uint64) {
	l.ruled = map[string]verdict{}
	made := dom.Made()
	for i, s := range dom.Sections.All() {
		draw := rng.New(seed, "kit", "rules", s.ID)
		questions := made.Of(s, draw.Uint64())
		chosen := draw.Perm(len(questions))[:min(most, len(questions))]
		slices.Sort(chosen)
		for _, k := range chosen {
			q := questions[k]
			p := pairs.Pair{
				ID: s.ID + "/" + pairs.Ruled + "/" + strconv.Itoa(k), Section: s.ID, Kind: pairs.Ruled, Question: strings.Clone(q.Text), Rule: q.Kind + ": " + q.Rule,
				Place: dom.Forms.PlaceOf(s), Source: s.Source,
			}
			switch {
			case q.Near:
				l.near++
				l.ruled[p.ID] = verdict{false, "dropped: a near copy of the held-out question " + q.Held}
			case q.Held != "":
				l.ruled[p.ID] = verdict{false, "dropped: the held-out question " + q.Held}
			}
			l.add(i, p)
		}
	}
}

// ruledFacts count the questions by rules; nothing if the recipe asks for none.
func (l *pairList) ruledFacts(facts map[string]string) {
	if l.ruled == nil {
		return
	}
	n := 0
	for _, p := range l.made {
		if p.Kind == pairs.Ruled {
			n++
		}
	}
	facts["ruled"], facts["ruled_dropped_held_out"], facts["ruled_dropped_near_copies"] = strconv.Itoa(n), strconv.Itoa(len(l.ruled)-l.near), strconv.Itoa(l.near)
}
