package ablate

import (
	"slices"

	"slm/experiment"
	"slm/pipeline/study"
	answering "slm/stages/systems"
)

// family are the systems whose differences are corrected together: those that --systems names and a variant can change, else the one that a run answers with.
func (p *Plan) family(named []string) ([]string, error) {
	if len(named) == 0 {
		return []string{p.Answers()}, nil
	}
	specs, err := answering.Resolve(named)
	if err != nil {
		return nil, err
	}
	var family []string
	for _, s := range specs {
		if s.Small && s.Kind != answering.Control {
			family = append(family, s.Name)
		}
	}
	return family, nil
}

// compare compares every variant with the recipe. A variant may change the black box or its words: that is declared. What was seen in training is told in
// the notes, since the runs are made by now; slm compare refuses it.
func compare(e *experiment.Experiment) (*experiment.Comparison, error) {
	return experiment.Compare(e, experiment.Options{OtherLLM: true, OtherWording: true, Seen: true})
}

// Text is the summary for a terminal.
func (s *Summary) Text() string { return study.Render("text", s.Tables(), s.Notes) }

// means says what each variant is, in words.
func means(variants []experiment.Variant) (notes []string) {
	for _, v := range slices.DeleteFunc(slices.Clone(variants), func(v experiment.Variant) bool { return v.Name == BaseName || v.Means == "" }) {
		notes = append(notes, v.Name+": "+v.Means)
	}
	return notes
}
