package gate

import (
	"math"
	"slices"

	"slm/internal/elementary"
	"slm/stat"
)

// Subject is what is seen of whether a question is about anything that the corpus is about. Unlike the probabilities of the gate it compares no section
// with another: of a question from elsewhere, too, some section is the best. More of any value never makes it more foreign.
type Subject struct {
	Known float64 // share of what the question is about that stands in the corpus at all, by retrieve.Rarity,
	Best  float64 // and in one of the sections that were found
	Near  float64 // the largest cosine of a section's vector with the question's, by the first encoder; 0 = there is none
}

func (s Subject) row() []float64 { return []float64{s.Known, s.Best, s.Near} }

// Refusal tells a question that nothing in the corpus is about. It is a logistic curve between questions that were asked of this corpus and questions
// about anything else (question.Elsewhere).
type Refusal struct {
	Common []string      `json:"common"` // terms that say nothing of what a question is about
	Score  stat.Logistic `json:"score"`  // the probability that a question is asked of this corpus
	Below  float64       `json:"below"`  // what is less probable is refused

	Own     Refused `json:"own"`     // questions that were asked of this corpus, each by a curve that has not seen its fold
	Foreign Refused `json:"foreign"` // questions about anything else that nothing was fitted on
}

// Refused counts questions that are told that nothing is about them.
type Refused struct {
	Questions int `json:"questions"`
	Refused   int `json:"refused"`
}

// Ours is a question that somebody, or this program, has asked of this corpus.
type Ours struct {
	Subject
	People bool // somebody has asked it: it shares fewer words with its section than one that was made from them
	Made   bool // it belongs to no exam
	Fold   int
}

// Refuses says whether nothing in the corpus is about a question.
func (r *Refusal) Refuses(s Subject) bool { return r != nil && r.Score.At(s.row()) < r.Below }

// Probability is that a question is asked of this corpus, and not about anything else.
func (r *Refusal) Probability(s Subject) float64 { return r.Score.At(s.row()) }

// FitRefusal fits it to questions of the corpus, and others; held are such others for measuring it. nil: there are too few of either.
func FitRefusal(common []string, own []Ours, foreign, held []Subject) (*Refusal, error) {
	foreign = slices.DeleteFunc(slices.Clone(foreign), func(s Subject) bool { return s.Best >= Covered })
	r, err := fitRefusal(own, foreign)
	if r == nil || err != nil {
		return nil, err
	}
	r.Common = common
	for _, s := range held {
		r.Foreign.count(r, s)
	}
	folds := map[int]*Refusal{}
	for _, a := range own {
		if _, ok := folds[a.Fold]; !ok {
			others := slices.DeleteFunc(slices.Clone(own), func(b Ours) bool { return b.Fold == a.Fold })
			if folds[a.Fold], err = fitRefusal(others, foreign); err != nil {
				return nil, err
			}
		}
		if !a.Made {
			r.Own.count(folds[a.Fold], a.Subject)
		}
	}
	return r, nil
}

func (n *Refused) count(by *Refusal, s Subject) {
	if n.Questions++; by.Refuses(s) {
		n.Refused++
	}
}

// fitRefusal fits curve and threshold.
func fitRefusal(own []Ours, foreign []Subject) (*Refusal, error) {
	var ours, others [][]float64
	people, examined := 0, 0
	for _, a := range own {
		ours = append(ours, a.row())
		if a.People {
			people++
		}
		if !a.Made {
			examined++
		}
	}
	for _, s := range foreign {
		others = append(others, s.row())
	}
	score, err := Between(ours, others)
	if score == nil || err != nil {
		return nil, err
	}
	var asked, elsewhere []float64
	for i, a := range own {
		if !a.Made || examined < FewestAsked {
			asked = append(asked, score.At(ours[i]))
		}
	}
	for _, row := range others {
		elsewhere = append(elsewhere, score.At(row))
	}
	l := LimitsOf(asked, elsewhere)
	r := &Refusal{Score: *score, Below: l.Most}
	switch {
	case l.Low >= l.High:
	case people >= FewestAsked: // both can be had: the middle, by odds
		const least = 1e-9
		r.Below = 1 / (1 + elementary.Exp(-(stat.LogOdds(l.Low, least)+stat.LogOdds(l.High, least))/2))
	default: // what people ask shares fewer words with its section than all that is known here: no more than keeps the others out
		r.Below = math.Nextafter(l.Low, 1)
	}
	return r, nil
}
