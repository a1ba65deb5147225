package dp

import (
	"fmt"

	"slm/data/pack"
	"slm/rng"
)

// replay adds a pass's windows of general text to its examples, so that what a model knew before is not forgotten. Which they are depends on
// (seed, epoch) alone.
func (m *Mixture) replay(e *epoch, number int) error {
	if m.general == nil {
		return nil
	}
	n, err := m.replayed()
	if err != nil {
		return err
	}
	for _, i := range m.general.Pass(n, number, m.round) {
		e.examples = append(e.examples, example{section: int32(i), kind: elsewhere})
	}
	return nil
}

// round is the order in which a round reads the windows.
func (m *Mixture) round(round, windows int) []int {
	return rng.New(m.seed, "dp", "general").At(uint64(round)).Perm(windows)
}

// replayed is how many windows a pass reads: as many as have General/Corpus of the tokens of the sections that the first pass reads.
func (m *Mixture) replayed() (int, error) {
	rows, err := m.dom.Tokens()
	if err != nil {
		return 0, err
	}
	tokens, reads := 0, m.update.pass(0)
	for i := range m.dom.Sections.Len() {
		if n := rows.DocumentLen(i, 0); reads(i) && m.read.Cut(i) {
			tokens += min(n, m.max)
		} else if reads(i) {
			tokens += n
		}
	}
	return m.general.Windows(float64(m.mix.General/m.mix.Corpus) * float64(tokens)), nil
}

// window is a window of general text.
func (e epoch) window(x example) (pack.Example, error) { return e.general.Example(int(x.section)), nil }

// generalFacts say how much there is of the general text and how much of it a pass reads; nothing without it.
func (m *Mixture) generalFacts(facts map[string]string) error {
	if m.general == nil {
		return nil
	}
	n, err := m.replayed()
	m.general.Facts(facts, n)
	return err
}

// generalNote says it in words; "" without general text.
func (m *Mixture) generalNote() (string, error) {
	facts := map[string]string{}
	if err := m.generalFacts(facts); err != nil || len(facts) == 0 {
		return "", err
	}
	return fmt.Sprintf("a pass reads %s of %s windows of general text", facts["general_a_pass"], facts["general_windows"]), nil
}
