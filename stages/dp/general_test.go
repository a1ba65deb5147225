package dp

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/pack"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

// actsBeside is acts with general texts of so many tokens.
func actsBeside(t *testing.T, lengths ...int) *domain.Domain {
	t.Helper()
	env := stagetest.Env(t)
	stagetest.WriteData(t, env, acts(t))
	var rows []domain.GeneralRow
	for i, n := range lengths {
		row := domain.GeneralRow{Source: "made:1", Tokens: make([]int32, n)}
		for k := range row.Tokens {
			row.Tokens[k] = int32(i*1000+k)%400 + 1
		}
		rows = append(rows, row)
	}
	if err := checkpoint.WriteTable(filepath.Join(env.Dir(stages.Data), domain.GeneralFile), rows, nil); err != nil {
		t.Fatal(err)
	}
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dom.Close() })
	return dom
}

// apart divides the examples of a pass.
func apart(list pack.Examples) (general, others pack.Examples) {
	for _, x := range list {
		if strings.HasPrefix(x.ID, "general/") {
			general = append(general, x)
		} else {
			others = append(others, x)
		}
	}
	return general, others
}

func tokensOf(list pack.Examples) (n int) {
	for _, x := range list {
		n += len(x.Tokens)
	}
	return n
}

func TestEpoch_GeneralTextHasItsShareAndTakesNothingAway(t *testing.T) {
	dom := actsBeside(t, 900, 40, 777)
	with := mixed
	with.General = mixed.Corpus / 2
	general, others := apart(pass(t, mixture(t, dom, with, 64, 7), 3))
	documents := tokensOf(pass(t, mixture(t, dom, Mix{Corpus: 1}, 64, 7), 3))
	if share := float64(tokensOf(general)) / float64(documents); share < 0.45 || share > 0.55 {
		t.Errorf("general text has %.2f of the sections' tokens, want a half", share)
	}
	plain := pass(t, mixture(t, acts(t), mixed, 64, 7), 3)
	for _, list := range []pack.Examples{plain, others} {
		slices.SortFunc(list, func(a, b pack.Example) int {
			return max(-1, min(1, 2*strings.Compare(a.ID, b.ID)+slices.Compare(a.Tokens, b.Tokens)))
		})
	}
	if !slices.EqualFunc(plain, others, func(a, b pack.Example) bool { return a.ID == b.ID && slices.Equal(a.Tokens, b.Tokens) }) {
		t.Errorf("beside general text %d examples of the domain are read, and %d others without it", len(others), len(plain))
	}
}

func TestEpoch_GeneralTextIsReadWholeBeforeAnyOfItComesAgain(t *testing.T) {
	dom := actsBeside(t, 900, 1, 64, 65)
	m := mixture(t, dom, Mix{Corpus: 1, General: 0.2}, 64, 7)
	seen := map[string]bool{}
	for number := 0; len(seen) < m.general.Len(); number++ {
		general, _ := apart(pass(t, m, number))
		if number > 99 || len(general) == 0 {
			t.Fatalf("%d of %d windows in %d passes", len(seen), m.general.Len(), number)
		}
		for _, x := range general {
			if seen[x.ID] && len(seen) < m.general.Len() {
				t.Errorf("%s comes again, and only %d of %d have come", x.ID, len(seen), m.general.Len())
			}
			seen[x.ID] = true
		}
	}
	trained := 0
	for i := range m.general.Len() {
		x := m.general.Example(i)
		if len(x.Tokens) < 2 || len(x.Tokens) > 64 || x.Prompt != 0 {
			t.Errorf("window %d has %d tokens, %d of them not trained", i, len(x.Tokens), x.Prompt)
		}
		trained += len(x.Tokens) - 1
	}
	if trained != 899+63+64 {
		t.Errorf("%d tokens are trained, want each but the first of a text once: %d", trained, 899+63+64)
	}
}

func TestNewMixture_WithoutGeneralTextNamesTheKey(t *testing.T) {
	_, err := NewMixture(acts(t), Mix{Corpus: 1, General: 1}, 64, true, 7)
	if err == nil || !strings.Contains(err.Error(), "data.general.path") {
		t.Errorf("%v", err)
	}
}
