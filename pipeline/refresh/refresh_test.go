package refresh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/model/decode"
	"slm/pipeline/audit"
	"slm/pipeline/recipe"
	"slm/pipeline/refresh"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

// files says that the corpus is a file of records, as records writes it.
var files = []string{"data.corpus.numbered=false", "data.corpus.only=[]", "data.corpus.dedup.exact=false", "data.corpus.dedup.near=0", "stages.dp.epochs=2", "stages.dp.tokens=0"}

// records writes sections as a corpus.
func records(t *testing.T, list []corpus.Section) string {
	t.Helper()
	var out strings.Builder
	for _, s := range list {
		text, err := json.Marshal(map[string]string{"title": s.Title, "number": s.Number, "heading": s.Heading, "text": s.Text})
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(string(text) + "\n")
	}
	path := filepath.Join(t.TempDir(), "corpus.jsonl")
	if err := os.WriteFile(path, []byte(out.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, run string) *domain.Domain {
	t.Helper()
	dom, err := domain.Open(filepath.Join(run, stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dom.Close() })
	return dom
}

// amended is a corpus in which the last document's sections are withdrawn, one section is changed and two are new.
func amended(t *testing.T, run string) (path string, gone []corpus.Section) {
	t.Helper()
	var list []corpus.Section
	for _, s := range open(t, run).Sections.All() {
		if s.Title == "EPL-2.0" {
			gone = append(gone, s)
		} else {
			list = append(list, s)
		}
	}
	list[3].Text = "From now on everybody may do with the Program what the tides do with the sand of a beach, and nobody has to say why. " + list[3].Text
	for _, number := range []string{"1", "2"} {
		list = append(list, corpus.Section{Title: "Lighthouse", Number: number, Text: "Keeper number " + number + " trims the lamp before dusk, counts the ships that pass and writes them into the book of the tower, in ink and without haste."})
	}
	return records(t, list), gone
}

// after is the recipe of an update.
func after(t *testing.T, run, path string, set ...string) *recipe.Loaded {
	t.Helper()
	plan := refresh.Plan{Name: "after", Before: run, Corpus: []string{path}, Replay: "1", Search: true, Set: append(slices.Clone(files), set...)}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(run, rundir.RecipeFile), Set: plan.Settings()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLook_SameTextsAreNothingToDo(t *testing.T) {
	run := runtest.Tiny(t)
	var list []corpus.Section
	for _, s := range open(t, run).Sections.All() {
		list = append(list, s)
	}
	f, err := refresh.Look(after(t, run, records(t, list)))
	if err != nil || !f.Nothing() || f.Same != len(list) {
		t.Errorf("%+v, %v", f, err)
	}
	slices.Reverse(list)
	if f, err = refresh.Look(after(t, run, records(t, list))); err != nil || !f.Nothing() {
		t.Errorf("in another order: %+v, %v", f, err)
	}
}

func TestLook_CountsWhatIsNewChangedAndWithdrawn(t *testing.T) {
	run := runtest.Tiny(t)
	path, gone := amended(t, run)
	f, err := refresh.Look(after(t, run, path))
	if err != nil || f.New != 2 || f.Changed != 1 || f.Withdrawn != len(gone) || len(gone) == 0 || f.Tokens == 0 || f.Share <= 0 || f.Share > 1 || f.Passes <= 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestRecipe_IsTheRunThatItsSettingsAre(t *testing.T) {
	run := runtest.Tiny(t)
	path, _ := amended(t, run)
	for _, replay := range []string{"0.5", "auto"} {
		recipeIsItsSettings(t, refresh.Plan{Name: "after", Before: run, Corpus: []string{path}, Replay: replay, Search: true, Rate: 0.002, Set: append(slices.Clone(files), "stages.dp.optim.lr=auto")})
	}
}

func recipeIsItsSettings(t *testing.T, plan refresh.Plan) {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(plan.Before, rundir.RecipeFile), Set: plan.Settings()})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err := plan.Recipe(dir, r, 9)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "after.yaml")
	if err := refresh.Write(file, text); err != nil {
		t.Fatal(err)
	}
	got, err := recipe.Load(recipe.Source{Name: file})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want, err := r.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	if have, err := got.Resolved(); err != nil || string(have) != string(want) {
		t.Errorf("%v\n%s\nwant\n%s", err, have, want)
	}
	if err := refresh.Write(file, text); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if err := refresh.Write(file, append(text, '#')); !errors.Is(err, recipe.ErrUsage) {
		t.Errorf("something else: %v", err)
	}
}

func TestNext_CountsOn(t *testing.T) {
	for name, want := range map[string]string{"legal": "legal-2", "legal-2": "legal-3", "rev-9": "rev-10", "act-1": "act-1-2"} {
		if got := refresh.Next(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestUpdate_StoppedAndResumedEndsInTheSameDigestsAndIsFollowedByVerify(t *testing.T) {
	run := runtest.Tiny(t)
	path, gone := amended(t, run)
	whole, err := runtest.Train(t.Context(), after(t, run, path), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, at := range []string{stages.Data, stages.DP, stages.KIT} {
		p, deps, err := runtest.Prepare(after(t, run, path), dir)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		deps.View = stopping{cancel, at}
		if _, err := p.Execute(ctx, deps); !errors.Is(err, errStop) {
			t.Fatalf("%s: %v", at, err)
		}
		cancel(nil)
	}
	parts, err := runtest.Train(t.Context(), after(t, run, path), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range rundir.Stages(whole) {
		a, errA := checkpoint.Load(filepath.Join(whole, stage))
		b, errB := checkpoint.Load(filepath.Join(parts, stage))
		if errA != nil || errB != nil || a.Digest() != b.Digest() {
			t.Errorf("%s ends in other digests, %v, %v", stage, errA, errB)
		}
	}
	keepsExam(t, run, parts)
	searchGoesOn(t, run, parts)
	namesNothingWithdrawn(t, run, parts, gone)
	measuresEachGroup(t, run, parts, len(gone))
	verifiesTheRunBefore(t, run, parts)
}

func TestUpdate_QuestionsAboutWithdrawnSectionsAreLeftOut(t *testing.T) {
	run := runtest.Tiny(t)
	path, gone := amended(t, run)
	var rows strings.Builder
	for _, s := range open(t, run).Sections.All() {
		rows.WriteString(`{"question":"Where is this said?","places":["` + s.ID + `"]}` + "\n")
	}
	file := filepath.Join(t.TempDir(), "asked.jsonl")
	if err := os.WriteFile(file, []byte(rows.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	p, deps, err := runtest.Prepare(after(t, run, path, "data.asked.file="+file, "data.asked.split={test: 50%}"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	deps.View = stopping{cancel, stages.DP}
	if _, err := p.Execute(ctx, deps); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	dom := open(t, p.Folder())
	if left := dom.Sections.Len() - 2; len(dom.Asked) != left || len(gone) == 0 { // nobody asks about the two new ones
		t.Errorf("%d questions about %d sections", len(dom.Asked), left)
	}
}

// measuresEachGroup demands every group with its sections, and that no withdrawn one is named.
func measuresEachGroup(t *testing.T, run, updated string, gone int) {
	t.Helper()
	for _, weights := range []string{"", filepath.Join(run, stages.KIT)} {
		m, err := refresh.Measure(t.Context(), updated, weights, runtest.Kernel())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"same": open(t, updated).Sections.Len() - 3, "new": 2, "changed": 1, "withdrawn": gone}
		for _, g := range m.Groups {
			if g.Sections != want[g.What] || g.Asked != g.Sections {
				t.Errorf("%+v, want %d sections", g, want[g.What])
			}
			if g.What == "withdrawn" && g.Named > 0 {
				t.Errorf("%g of the withdrawn sections are named", g.Named)
			}
			delete(want, g.What)
		}
		if len(want) > 0 {
			t.Errorf("%v are not measured", want)
		}
	}
	if _, err := refresh.Measure(t.Context(), run, "", runtest.Kernel()); !errors.Is(err, rundir.ErrUsage) {
		t.Errorf("a run that brings none up to date: %v", err)
	}
}

var errStop = errors.New("stopped")

// stopping stops a run while a stage works.
type stopping struct {
	cancel context.CancelCauseFunc
	stage  string
}

func (s stopping) Event(e stages.Event) {
	if e.Stage == s.stage && e.Type == "step" {
		s.cancel(errStop)
	}
}
func (stopping) Close() {}

// keepsExam demands that nothing is held out which the run before has trained on, and the other way round.
func keepsExam(t *testing.T, run, updated string) {
	t.Helper()
	was, now := exam.Splits(open(t, run).Items), exam.Splits(open(t, updated).Items)
	same := 0
	for _, s := range open(t, updated).Sections.All() {
		if s.Title == "Lighthouse" {
			continue
		}
		if split, asked := now[s.ID]; asked && was[s.ID] != split && (was[s.ID] != "" || split != exam.Train) {
			t.Errorf("%s was in %q and is in %q", s.ID, was[s.ID], split)
		} else if asked {
			same++
		}
	}
	if same == 0 {
		t.Error("no section is asked about again")
	}
}

// namesNothingWithdrawn asks the model before, which knows withdrawn sections, as the updated run's: it names another place.
func namesNothingWithdrawn(t *testing.T, run, updated string, gone []corpus.Section) {
	t.Helper()
	dom := open(t, updated)
	params, err := domain.LoadModel(filepath.Join(run, stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, s := range gone {
		asked = append(asked, dom.Forms.ExamOf(s))
	}
	named, err := knowledge.New(decode.New(params, runtest.Kernel()), dom, nil, false).Name(t.Context(), asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range named {
		if p.Place == "" || !p.Known() || p.Place == dom.Forms.PlaceOf(gone[i]) {
			t.Errorf("%s: %q", asked[i], p.Place)
		}
	}
}

// verifiesTheRunBefore damages the run before in several ways.
func verifiesTheRunBefore(t *testing.T, run, updated string) {
	t.Helper()
	name := filepath.Base(run)
	v, err := audit.Verify(updated)
	if err != nil || !v.OK || !slices.Equal(v.Before, []string{name}) {
		t.Fatalf("%+v, %v", v, err)
	}
	for _, file := range []string{"data/sections.arrow", "kit/weights.arrow", "bpo/trials.arrow"} {
		path := filepath.Join(run, filepath.FromSlash(file))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		hurt := slices.Clone(text)
		hurt[len(hurt)/2] ^= 4
		if err := os.WriteFile(path, hurt, 0o666); err != nil {
			t.Fatal(err)
		}
		v, err := audit.Verify(updated)
		if err != nil || v.OK || !slices.ContainsFunc(v.Differences, func(d audit.Difference) bool { return strings.HasPrefix(d.String(), name+"/"+file) }) {
			t.Errorf("%s: %+v, %v", file, v.Differences, err)
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(run); err != nil {
		t.Fatal(err)
	}
	if v, err = audit.Verify(updated); err != nil || !v.OK || !slices.ContainsFunc(v.Notes, func(n string) bool { return strings.Contains(n, name) }) {
		t.Errorf("without the run before: %+v, %v", v, err)
	}
}

// searchGoesOn demands that the search begins with prompts of the run before, and that no question that led to them is held out for the choice or the check.
func searchGoesOn(t *testing.T, run, updated string) {
	t.Helper()
	read := func(run string) (tried, begun map[string]bool, parts map[string]string) {
		rows, _, err := checkpoint.ReadTable[bpo.TrialRow](filepath.Join(run, stages.BPO, bpo.TrialsFile))
		if err != nil {
			t.Fatal(err)
		}
		items, _, err := checkpoint.ReadTable[bpo.ItemRow](filepath.Join(run, stages.BPO, bpo.ItemsFile))
		if err != nil {
			t.Fatal(err)
		}
		tried, begun, parts = map[string]bool{}, map[string]bool{}, map[string]string{}
		for _, r := range rows {
			tried[fmt.Sprint(r.Z)] = true
			if r.Arm == "search" && r.Kind == "before" {
				begun[fmt.Sprint(r.Z)] = true
			}
		}
		for _, it := range items {
			parts[it.Question] = it.Part
		}
		return tried, begun, parts
	}
	tried, none, were := read(run)
	_, begun, are := read(updated)
	if len(none) > 0 || len(begun) == 0 {
		t.Errorf("%d prompts of an update, and %d of a run of its own, are those of a run before", len(begun), len(none))
	}
	for z := range begun {
		if !tried[z] {
			t.Errorf("the run before has not tried %s", z)
		}
	}
	for q, part := range are {
		if were[q] == "search" && (part == "choice" || part == "check") {
			t.Errorf("%q was searched on and is now for the %s", q, part)
		}
	}
}
