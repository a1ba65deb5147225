package task

import (
	"fmt"
	"slices"
	"strconv"

	"slm/data/rouge"
	"slm/internal/grid"
	"slm/result"
	"slm/score"
	"slm/stages"
	"slm/stages/domain"
	"slm/stat"
)

// SummariesFile holds what summaries come to, and what it takes to summarise other texts.
const SummariesFile = "summaries.json"

// Written is a test row with what was written of it: a row of AnswersFile.
type Written struct {
	ID            string `arrow:"id"`
	Text          string `arrow:"text"`
	Summary       string `arrow:"summary"` // the row's own
	Model         string `arrow:"model"`   // the small model's
	Whole         bool   `arrow:"whole"`   // it came to its end by itself
	First         string `arrow:"first"`
	Nearest       string `arrow:"nearest"`
	Asked         bool   `arrow:"asked"` // the black box was
	Alone         string `arrow:"alone"` // its own
	Drafted       string `arrow:"drafted"`
	AloneTokens   int32  `arrow:"alone_tokens"` // prompt and reply
	DraftedTokens int32  `arrow:"drafted_tokens"`
}

// Summaries is the figures of summaries on the test rows. Those with intervals are means over rows.
type Summaries struct {
	Ask      string `json:"ask"`
	Most     int    `json:"most"` // tokens of a summary
	Test     int    `json:"test"` // rows
	InCorpus int    `json:"in_corpus"`
	Cut      int    `json:"cut"` // of the small model's summaries, those that did not come to their end
	Systems  []Way  `json:"systems"`
	// Draft is the black box with the draft, less the black box alone; nil = it was not asked.
	Draft *result.Range `json:"draft_over_alone"`
	// DraftFaithful is the same of faithfulness.
	DraftFaithful *result.Range `json:"draft_over_alone_faithful"`
}

// Way is one way to summarise.
type Way struct {
	System   string        `json:"system"`
	Texts    int           `json:"texts"`                // that it has summarised, of Test
	RougeL   result.Range  `json:"rouge_l"`              // with the row's own summary
	Over     *result.Range `json:"over_first_sentences"` // the same less that of the first sentences of the same texts; nil = it is these
	Faithful result.Range  `json:"faithfulness"`         // share of the sentences that the text supports, by words (score.Faithful)
	Tokens   float64       `json:"tokens"`               // of a summary, in the small model's
	Asked    float64       `json:"asked"`                // tokens of the black box for a text, prompt and reply
}

// The ways to summarise, besides Model.
const (
	First   = "first three sentences"
	Best    = "nearest sentence, which knows the summary"
	Alone   = "black box"
	Drafted = "black box with the draft"
	Given   = "the summary itself"
)

// summariesOf computes the figures. The black box has some where it was asked.
func summariesOf(rows []Written, dom *domain.Domain, seed uint64) (*Summaries, error) {
	s := &Summaries{Test: len(rows)}
	ways := []struct {
		name string
		said func(Written) (text string, asked int32)
	}{
		{Model, func(w Written) (string, int32) { return w.Model, 0 }},
		{First, func(w Written) (string, int32) { return w.First, 0 }},
		{Best, func(w Written) (string, int32) { return w.Nearest, 0 }},
		{Given, func(w Written) (string, int32) { return w.Summary, 0 }},
		{Alone, func(w Written) (string, int32) { return w.Alone, w.AloneTokens }},
		{Drafted, func(w Written) (string, int32) { return w.Drafted, w.DraftedTokens }},
	}
	rougeL, faithful := map[string][]float64{}, map[string][]float64{}
	for _, way := range ways {
		of := rows
		if way.name == Alone || way.name == Drafted {
			of = slices.DeleteFunc(slices.Clone(rows), func(w Written) bool { return !w.Asked })
		}
		if len(of) == 0 {
			continue
		}
		sys := Way{System: way.name, Texts: len(of)}
		var first []float64
		for _, w := range of {
			text, cost := way.said(w)
			share, _ := score.Faithful(text, w.Text)
			rougeL[way.name], faithful[way.name] = append(rougeL[way.name], rouge.L(text, w.Summary)), append(faithful[way.name], share)
			first = append(first, rouge.L(w.First, w.Summary))
			sys.Tokens += float64(len(dom.Tokenizer.Encode(text))) / float64(len(of))
			sys.Asked += float64(cost) / float64(len(of))
		}
		var err error
		if sys.RougeL, err = mean(rougeL[way.name], seed); err != nil {
			return nil, err
		}
		if sys.Faithful, err = mean(faithful[way.name], seed); err != nil {
			return nil, err
		}
		if way.name != First {
			if sys.Over, err = less(rougeL[way.name], first, seed); err != nil {
				return nil, err
			}
		}
		s.Systems = append(s.Systems, sys)
	}
	for _, w := range rows {
		if !w.Whole {
			s.Cut++
		}
	}
	if len(rougeL[Alone]) == 0 {
		return s, nil
	}
	var err error
	if s.Draft, err = less(rougeL[Drafted], rougeL[Alone], seed); err != nil {
		return nil, err
	}
	s.DraftFaithful, err = less(faithful[Drafted], faithful[Alone], seed)
	return s, err
}

func mean(x []float64, seed uint64) (result.Range, error) {
	m, err := stat.Mean(x, drawn(seed))
	return result.Range(m), err
}

// less is the mean difference on the same rows.
func less(a, b []float64, seed uint64) (*result.Range, error) {
	d, err := stat.Difference(a, b, drawn(seed))
	r := result.Range(d)
	return &r, err
}

// Metrics are the figures of each way to summarise.
func (s *Summaries) Metrics() (list []stages.Metric) {
	for _, sys := range s.Systems {
		list = append(list, stages.Metric{Name: "ROUGE-L of " + sys.System, Value: sys.RougeL.Value, Near: -1}, stages.Metric{Name: "faithfulness of " + sys.System, Value: sys.Faithful.Value, Near: -1})
	}
	return list
}

// Table has a line for each way to summarise.
func (s *Summaries) Table() Table {
	rows := [][]string{{"", "texts", "ROUGE-L", "95 % interval", "less the first three", "faithful", "95 % interval", "tokens", "asked"}}
	for _, sys := range s.Systems {
		over, asked := "–", "–"
		if sys.Over != nil {
			over = points(*sys.Over)
		}
		if sys.Asked > 0 {
			asked = fmt.Sprintf("%.0f", sys.Asked)
		}
		rows = append(rows, []string{
			sys.System, strconv.Itoa(sys.Texts), grid.Decimals(sys.RougeL.Value), grid.Decimals(sys.RougeL.Low) + " – " + grid.Decimals(sys.RougeL.High), over,
			grid.Percent(sys.Faithful.Value), grid.Between(sys.Faithful.Low, sys.Faithful.High), fmt.Sprintf("%.0f", sys.Tokens), asked,
		})
	}
	return Table{
		Headline: "What the small model writes of a text.", Line: s.line(), Rows: rows,
		About: fmt.Sprintf("%d texts for test; %d of the small model's summaries did not come to an end; %d of the texts' own stand in the corpus", s.Test, s.Cut, s.InCorpus),
		Legend: "texts: that it summarised; ROUGE-L: with the text's own summary; less the first three: points, with the 95 % interval, on the same texts; faithful: share of the sentences of which two thirds of the words stand " +
			"in the text; tokens: of a summary, as the small model counts; asked: tokens of the black box for a text, as it counts.",
	}
}

// line says what the summaries come to: what does not pay first.
func (s *Summaries) line() string {
	ours, first := s.way(Model), s.way(First)
	if ours.Over == nil { // a file that this program has not written
		return ""
	}
	line := verdict(*ours.Over, "The small model's summaries are nearer to the texts' own than the first three sentences", "The first three sentences are nearer to the texts' own summaries than the small model's, and need no training",
		"No difference between the small model's summaries and the first three sentences is shown")
	line += fmt.Sprintf(": ROUGE-L of %s and %s, %s points.", grid.Decimals(ours.RougeL.Value), grid.Decimals(first.RougeL.Value), points(*ours.Over))
	if s.Draft == nil {
		return line
	}
	alone, with := s.way(Alone), s.way(Drafted)
	line += " " + verdict(*s.Draft, "With the small model's draft the black box is better than alone", "With the small model's draft the black box is worse than alone", "The draft is not shown to change the black box's summaries")
	return line + fmt.Sprintf(": %s and %s, %s points.", grid.Decimals(with.RougeL.Value), grid.Decimals(alone.RougeL.Value), points(*s.Draft))
}

// way is one of the ways; nothing where it is not there.
func (s *Summaries) way(name string) (w Way) {
	for _, sys := range s.Systems {
		if sys.System == name {
			return sys
		}
	}
	return w
}

// verdict is what a difference shows.
func verdict(d result.Range, above, below, open string) string {
	switch {
	case d.Low > 0:
		return above
	case d.High < 0:
		return below
	}
	return open
}

// points are a difference with its interval.
func points(r result.Range) string {
	return grid.Points(r.Value) + " (" + grid.Points(r.Low) + " to " + grid.Points(r.High) + ")"
}
