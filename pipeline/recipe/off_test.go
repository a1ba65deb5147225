package recipe

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"slm/checkpoint"
	"slm/recipes"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/find"
)

// loaded reads tiny with settings.
func loaded(t *testing.T, set ...string) *Loaded {
	t.Helper()
	r, err := Load(Source{Name: "tiny", Shipped: recipes.Files, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// identity is what a run is found by.
func identity(t *testing.T, r *Loaded) string {
	t.Helper()
	id, err := checkpoint.HashJSON(r.Identity())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// stagesOf lists the stages of a recipe.
func stagesOf(r *Loaded) (names []string) {
	for _, d := range all.Of(r) {
		names = append(names, d.Name)
	}
	return names
}

func TestOff_StageIsLeftOutAndTheResolvedRecipeSaysSo(t *testing.T) {
	for set, want := range map[string][]string{
		"stages.bpo=off": {stages.Data, stages.DP, stages.KIT, stages.Eval},
		"stages.kit=off": {stages.Data, stages.DP, stages.BPO, stages.Eval},
	} {
		r := loaded(t, set)
		if got := stagesOf(r); !slices.Equal(got, want) {
			t.Errorf("%s: %v", set, got)
		}
		text, err := r.Resolved()
		if err != nil {
			t.Fatal(err)
		}
		key, _, _ := strings.Cut(strings.TrimPrefix(set, "stages."), "=")
		if !strings.Contains(string(text), "\n  "+key+": off\n") {
			t.Errorf("%s is resolved to\n%s", set, text)
		}
		again, err := Load(Source{Name: "copy", Shipped: fstest.MapFS{"copy.yaml": {Data: text}}})
		if err != nil {
			t.Fatal(err)
		}
		if identity(t, again) != identity(t, r) || identity(t, r) == identity(t, loaded(t)) {
			t.Errorf("%s: the resolved copy is another run, or a run with the stage", set)
		}
	}
}

func TestOff_OfAStageThatIsOffByDefaultIsTheSameRun(t *testing.T) {
	if identity(t, loaded(t, "stages.rft=off", "stages.reason=off", "stages.find=off")) != identity(t, loaded(t)) {
		t.Error("it is another run")
	}
	r := loaded(t, "stages.rft.samples=3", "stages.rft=off", "stages.reason.tasks=9", "stages.reason=off", "stages.find.fuse=rrf", "stages.find=off")
	if identity(t, r) != identity(t, loaded(t)) || slices.Contains(stagesOf(r), stages.RFT) || slices.Contains(stagesOf(r), stages.Find) {
		t.Errorf("%v", stagesOf(r))
	}
}

// TestOff_TheLastLayerCounts: the word forgets what an earlier layer gave, and any field turns the stage on again, from its defaults.
func TestOff_TheLastLayerCounts(t *testing.T) {
	r := loaded(t, "stages.bpo=off", "stages.bpo.init=7")
	plain := Default()
	if !slices.Contains(stagesOf(r), stages.BPO) || stages.Get[int](r, "stages.bpo.init") != 7 || stages.Get[int](r, "stages.bpo.trials") != stages.Get[int](&plain, "stages.bpo.trials") {
		t.Errorf("%v, %+v", stagesOf(r), r.At("stages.bpo"))
	}
	r = loaded(t, "stages.kit.pairs.file=no/such.jsonl", "stages.kit.pairs.from=file", "stages.kit=off")
	if file := stages.Get[string](r, "stages.kit.pairs.file"); file != "" {
		t.Errorf("a stage that is off reads %s", file)
	}
}

func TestOff_SystemsThatNeedTheStageAreLeftOutOrRefused(t *testing.T) {
	dir := write(t, map[string]string{
		"both.yaml":  minimal + "stages: {bpo: off}\neval: {systems: [llm, blade]}\n",
		"base.yaml":  minimal + "eval: {systems: [llm, blade, blade-z0]}\n",
		"onto.yaml":  "extends: base.yaml\nstages: {bpo: off}\n",
		"plain.yaml": minimal + "stages: {bpo: off, kit: 'off'}\n", // other programs write the word in quotes
	})
	load := func(file string, set ...string) (*Loaded, error) {
		return Load(Source{Name: filepath.Join(dir, file), Set: set})
	}
	if _, err := load("both.yaml"); err == nil || !strings.Contains(err.Error(), "both.yaml:") || !strings.Contains(err.Error(), "eval.systems: blade needs stage bpo, which is off") {
		t.Errorf("a list beside the word: %v", err)
	}
	if _, err := load("plain.yaml", "eval.systems=llm,blade-z0"); err == nil || !strings.Contains(err.Error(), "blade-z0 needs stage kit") {
		t.Errorf("a later list: %v", err)
	}
	for file, want := range map[string][]string{"onto.yaml": {"llm", "blade-z0"}, "plain.yaml": {"llm", "slm", "dp", "cite", "rag1", "rag3", "rag+blade", "oracle", "shuffled"}} {
		r, err := load(file)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal([]string(r.Eval.Systems), want) {
			t.Errorf("%s: %v", file, r.Eval.Systems)
		}
	}
	if r, err := load("base.yaml", "stages.bpo=off"); err != nil || slices.Contains(r.Eval.Systems, "blade") {
		t.Errorf("a flag behind a list: %v, %v", r, err)
	}
}

// TestOff_WithoutDPSearchAloneIsLeft: no stage trains, the systems and encoders of a small model are gone, and what asks for one is refused with what to do.
func TestOff_WithoutDPSearchAloneIsLeft(t *testing.T) {
	dir := write(t, map[string]string{
		"base.yaml": minimal + "stages: {kit: off, bpo: off, dp: {mix: {contrast: 20}}, find: {fuse: learned, dense: [e5, own], bridge: true, gate: true}}\n" +
			"eval: {systems: [llm, slm, dp, cite, rag1, hybrid3, bridge, auto, oracle, shuffled, proxy, checked]}\n",
		"own.yaml":  minimal + "stages: {dp: off, kit: off, bpo: off, find: {fuse: learned, dense: [own]}}\n",
		"task.yaml": minimal + "stages: {dp: off, kit: off, bpo: off, task: {kind: summary}}\n",
	})
	load := func(file string, set ...string) (*Loaded, error) {
		return Load(Source{Name: filepath.Join(dir, file), Set: set})
	}
	r, err := load("base.yaml", "stages.dp=off")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := stagesOf(r), []string{stages.Data, stages.Find, stages.Eval}; !slices.Equal(got, want) {
		t.Errorf("stages %v", got)
	}
	if got, want := []string(r.Eval.Systems), []string{"llm", "rag1", "hybrid3", "bridge", "auto", "oracle"}; !slices.Equal(got, want) {
		t.Errorf("systems %v", got)
	}
	if got := stages.Get[find.Config](r, "stages.find").Dense; !slices.Equal(got, []string{"e5"}) {
		t.Errorf("encoders %v", got)
	}
	for file, want := range map[string]string{"own.yaml": "stages.find.dense: own needs stage dp, which is off", "task.yaml": "stages.task: needs stage dp, which is off"} {
		if _, err := load(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if _, err := load("base.yaml", "stages.dp=off", "stages.kit.epochs=2"); err == nil || !strings.Contains(err.Error(), "stages.kit: needs stage dp") {
		t.Errorf("a stage that is turned on again: %v", err)
	}
}

func TestOff_IsSaidOfNothingElse(t *testing.T) {
	for text, want := range map[string]string{
		"stages: {dp: off}\n":        "stages.kit: needs stage dp, which is off: turn it off as well (stages.kit: off)",
		"tokenizer: off\n":           "tokenizer holds fields, not text",
		"stages: {bpo: false}\n":     "or write off",
		"model: {tied: off}\n":       "true or false is wanted",
		"stages: {bpo: on}\n":        "stages.bpo holds fields, not text",
		"stages: {bpo: {soft: off}}": "stages.bpo.soft holds fields, not text",

		"stages: {kit: off, dp: {fresh: true}}\n": "stages.dp.fresh: leaves the training to stage kit, which is off",
	} {
		dir := write(t, map[string]string{"r.yaml": minimal + text})
		if _, err := Load(Source{Name: filepath.Join(dir, "r.yaml")}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestJSONSchema_TakesTheWordOff(t *testing.T) {
	s := validator(t)
	if err := s.Validate(document(t, []byte("slm: 1\nstages: {dp: off, bpo: off, kit: off, rft: off, find: off}\n"))); err != nil {
		t.Error(err)
	}
	if s.Validate(document(t, []byte("slm: 1\ndata: off\n"))) == nil {
		t.Error("data can be off in an editor")
	}
}
