package systems

import (
	"slices"
	"testing"

	"slm/stages"
)

// among says that a name is one of some.
func among(some ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(some, name) }
}

// over lists what a system is compared with.
func over(made []Made, system string) (names []string) {
	for _, m := range made {
		if m.System == system {
			names = append(names, m.With)
		}
	}
	return names
}

func TestContrasts_WithoutASearchTheTunedModelStandsForTheMethod(t *testing.T) {
	got := Contrasts(among("llm", "slm", "dp", "blade-z0", "cite", "rag1", "oracle", "shuffled"), among(stages.DP, stages.KIT))
	for system, want := range map[string][]string{
		"blade-z0": {"llm", "dp", "slm", "rag1"}, // gain, tuning, the LLM's part, instead
		"cite":     {"blade-z0"},
		"oracle":   {"blade-z0"},
		"shuffled": {"blade-z0", "llm"},
		"dp":       nil,
	} {
		if !slices.Equal(over(got, system), want) {
			t.Errorf("%s is compared with %v, want %v", system, over(got, system), want)
		}
	}
}

func TestContrasts_WithoutTuningThePromptIsComparedWithPretraining(t *testing.T) {
	got := Contrasts(among("llm", "dp", "blade", "cite"), among(stages.DP, stages.BPO))
	if want := []string{"llm", "dp"}; !slices.Equal(over(got, "blade"), want) || !slices.Equal(over(got, "cite"), []string{"blade"}) {
		t.Errorf("%+v", got)
	}
}

func TestContrasts_SystemThatARecipeDoesNotNameHasNoStandIn(t *testing.T) {
	got := Contrasts(among("llm", "dp", "blade-z0", "cite"), among(stages.DP, stages.KIT, stages.BPO))
	if over(got, "cite") != nil || !slices.Equal(over(got, "blade-z0"), []string{"llm", "dp"}) {
		t.Errorf("%+v", got)
	}
}

func TestWithout_NamesWhatCannotRun(t *testing.T) {
	if got := Without(stages.BPO); !slices.Equal(got, []string{"blade"}) {
		t.Errorf("without bpo: %v", got)
	}
	if got := Without(stages.KIT); !slices.Equal(got, []string{"blade-z0"}) { // blade goes on from dp
		t.Errorf("without kit: %v", got)
	}
}
