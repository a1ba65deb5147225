package stat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Recovery says how well a router sends questions to a strong system that is called and leaves the others to a weak one that is not, by the measures of
// RouteLLM (Ong et al., arXiv:2406.18665, 2024, section 3.2).
type Recovery struct {
	Points []Sent  // from no call to all; between two of them a share of the questions of one score is drawn
	APGR   float64 // average performance gap recovered: the area under Recovered over Calls; a router by chance has .5
	CPT50  float64 // call-performance threshold: the smallest share of calls with which half of the gap is recovered; NaN = none is enough
	CPT80  float64 // and four fifths of it
}

// Sent is what comes of sending the questions with the highest scores.
type Sent struct {
	Calls     float64 // share of the questions that were sent
	Quality   float64 // mean
	Recovered float64 // performance gap recovered: (Quality − weak) / (strong − weak); NaN without a gap
}

// Recover sends questions in the order of their scores, those of one score together. weak is the quality of each question where it is not sent, sent where
// it is, strong the mean quality that the gap reaches up to: where all questions are sent to one system, its own. O(n log n).
func Recover(score, weak, sent []float64, strong float64) (Recovery, error) {
	if err := sameItems(score, weak, sent); err != nil {
		return Recovery{}, fmt.Errorf("stat: recovery: %w", err)
	}
	order := make([]int, len(score))
	n, sum := float64(len(score)), 0.0
	for i := range order {
		order[i] = i
		sum += weak[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	none := sum / n
	at := func(calls float64) Sent {
		s := Sent{Calls: calls, Quality: sum / n, Recovered: math.NaN()}
		if strong > none {
			s.Recovered = (s.Quality - none) / (strong - none)
		}
		return s
	}
	r := Recovery{Points: []Sent{at(0)}}
	for k, i := range order {
		sum += sent[i] - weak[i]
		if k+1 == len(order) || score[order[k+1]] != score[i] {
			r.Points = append(r.Points, at(float64(k+1)/n))
		}
	}
	for k, p := range r.Points[1:] {
		r.APGR += float64((p.Calls - r.Points[k].Calls) * (p.Recovered + r.Points[k].Recovered) / 2)
	}
	r.CPT50, r.CPT80 = r.reaches(0.5), r.reaches(0.8)
	return r, nil
}

// reaches is the smallest share of calls with which so much of the gap is recovered; NaN = none.
func (r Recovery) reaches(recovered float64) float64 {
	for k, p := range r.Points[1:] {
		if before := r.Points[k]; p.Recovered >= recovered {
			return before.Calls + float64((p.Calls-before.Calls)*(recovered-before.Recovered)/(p.Recovered-before.Recovered))
		}
	}
	return math.NaN()
}
