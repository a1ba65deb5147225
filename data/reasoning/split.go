package reasoning

import (
	"slices"
	"strings"

	"slm/data/corpus/minhash"
	"slm/data/exam"
	"slm/rng"
)

const (
	alike   = .3 // similarity from which two sections are of one family
	shingle = 5  // words in a row that are compared
	shared  = .5 // of a held-out task's evidence, the share that training may have
)

// deal gives each section its split. Sections that are alike go together, since licences and statutes copy each other; a family is dealt out by the
// name of its first section, so that another corpus that has it, too, leaves it where it is.
func (m *maker) deal() {
	index, root := minhash.NewIndex(alike), make([]int, len(m.sections))
	for i, s := range m.sections {
		of := minhash.Of(s.Text)
		root[i] = i
		if near, _ := index.Nearest(of); near >= 0 {
			root[i] = root[near]
		}
		index.Add(of)
	}
	for i := range m.sections {
		split := exam.Train
		switch u := rng.New(m.Seed, "reasoning", "split", m.sections[root[i]].ID).Float64(); {
		case u < m.Test:
			split = exam.Test
		case u < m.Test+m.Dev:
			split = exam.Dev
		}
		m.split = append(m.split, split)
	}
}

// apart drops held-out tasks of a class whose evidence stands in that of a training task, and all but the first of those with the same evidence.
func apart(list []Task) []Task {
	read, once := map[string]bool{}, map[string]bool{}
	for _, t := range list {
		if t.Split == exam.Train {
			for _, s := range shingles(t.Work.Evidence) {
				read[s] = true
			}
		}
	}
	return slices.DeleteFunc(list, func(t Task) bool {
		if t.Split == exam.Train {
			return false
		}
		key := Plain(t.Work.Evidence)
		if once[key] {
			return true
		}
		once[key] = true
		n, all := 0, shingles(t.Work.Evidence)
		for _, s := range all {
			if read[s] {
				n++
			}
		}
		return float64(n) > shared*float64(len(all))
	})
}

// shingles are the runs of words of a text; of a short one all words.
func shingles(text string) (out []string) {
	words := strings.Fields(Plain(text))
	for i := range max(1, len(words)-shingle+1) {
		out = append(out, strings.Join(words[i:min(len(words), i+shingle)], " "))
	}
	return out
}
