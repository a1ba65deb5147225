package experts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/pipeline/experts"
	"slm/pipeline/recipe"
	"slm/pipeline/runtest"
	"slm/pipeline/session"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/systems"
)

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

// made trains a run on sections about a trade, in words that no licence has.
func made(t *testing.T, title, trade string, words []string, set ...string) string {
	t.Helper()
	var out strings.Builder
	for n := range 24 {
		draw := rng.New(3, title).At(uint64(n))
		var text []string
		for range 4 {
			own := fmt.Sprintf("%c%c%s", 'a'+n, 'a'+n/2, words[n%len(words)])
			text = append(text, fmt.Sprintf("%s %s %s: the %s of the %s keeps it beside the %s.", strings.ToUpper(own[:1])+own[1:], words[draw.IntN(len(words))], own, words[draw.IntN(len(words))], trade, own))
		}
		line, err := json.Marshal(map[string]string{"title": title, "number": fmt.Sprint(n + 1), "text": strings.Join(text, " ")})
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(string(line) + "\n")
	}
	path := filepath.Join(t.TempDir(), "sections.jsonl") // of the same name in every run
	if err := os.WriteFile(path, []byte(out.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := runtest.Load(append(set, "name="+strings.ToLower(title), "data.corpus.from=", "data.corpus.path="+path, "data.corpus.only=[]", "data.corpus.numbered=false", "data.exam.choices=2", "data.exam.chars=20", "stages.kit=off", "stages.bpo=off")...)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runtest.Train(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func router(t *testing.T, folders ...string) *experts.Router {
	t.Helper()
	r, err := experts.NewRouter(t.Context(), folders)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// tested are the test questions of a run.
func tested(t *testing.T, run string) (out []string) {
	t.Helper()
	dom, err := domain.Open(filepath.Join(run, stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	for _, item := range exam.Only(dom.Items, exam.Test) {
		out = append(out, item.Question)
	}
	return out
}

// bytesOf hashes all files of a run.
func bytesOf(t *testing.T, run string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(run, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[path], _, err = checkpoint.HashFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoute_AnExpertMoreChangesNoByteAndNoRouteOfTheOthers(t *testing.T) {
	licences := runtest.Tiny(t)
	bakery := made(t, "Bakery", "bakery", []string{"leaven", "crumb", "oven", "peel", "rye", "brioche", "kneader", "couche"})
	harbour := made(t, "Harbour", "harbour", []string{"pilot", "bollard", "tug", "quay", "hawser", "dredger", "fender", "buoy"}, "stages.dp=off") // search alone: no small model has a part in a route
	before := []map[string]string{bytesOf(t, licences), bytesOf(t, bakery)}
	two, three := router(t, licences, bakery), router(t, licences, bakery, harbour)
	ctx := context.Background()
	for k, run := range []string{licences, bakery} {
		questions := tested(t, run)
		if len(questions) == 0 {
			t.Fatal("no test question")
		}
		few, err := two.Route(ctx, questions)
		if err != nil {
			t.Fatal(err)
		}
		more, err := three.Route(ctx, questions)
		if err != nil {
			t.Fatal(err)
		}
		own := 0
		for i, q := range questions {
			if !slices.Equal(few[i].Parts, more[i].Parts) || few[i].Expert != more[i].Expert || !slices.Equal(few[i].Sure, more[i].Sure[:2]) || !slices.Equal(few[i].Match, more[i].Match[:2]) {
				t.Errorf("%s: to %d, and with one expert more to %d", q, few[i].Expert, more[i].Expert)
			}
			if few[i].Expert == k {
				own++
			}
		}
		if 10*own < 9*len(questions) {
			t.Errorf("%s: %d of %d questions go to it", filepath.Base(run), own, len(questions))
		}
	}
	for k, run := range []string{licences, bakery} {
		for path, sum := range bytesOf(t, run) {
			if before[k][path] != sum {
				t.Errorf("%s has changed", path)
			}
		}
	}
	t.Run("asked as one, the run that is meant answers as it does alone", func(t *testing.T) { asked(t, licences, bakery) })
	t.Run("a document is that of the expert who answered", func(t *testing.T) {
		documented(t, router(t, bakery, harbour), bakery, harbour)
	})
	table, err := three.Measure(ctx, 5, func(expert int, question string) (string, error) { return fmt.Sprint(expert, question), nil })
	if err != nil || len(table.Experts) != 3 || table.Foreign < 50 || 10*table.Refused < 8*table.Foreign {
		t.Errorf("%+v, %v", table, err)
	}
	for _, row := range table.Experts {
		if row.Questions == 0 || row.Questions > 5 || row.Placed != row.Questions || row.Right+row.Oracle != 0 {
			t.Errorf("%+v", row)
		}
	}
}

// counter counts the events of a session: those of a confidence that is fitted.
type counter int

func (c *counter) Event(stages.Event) { *c++ }
func (c *counter) Close()             {}

// asked puts questions to two runs as one, and to each alone. Replies are not stored, so that no file changes.
func asked(t *testing.T, folders ...string) {
	var runs []*session.Session
	fits := make([]counter, len(folders))
	for i, folder := range folders {
		s, err := session.Open(folder, session.Options{Kernel: runtest.Kernel(), Log: slog.New(slog.DiscardHandler), Now: time.Now, View: &fits[i]})
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, s)
	}
	ctx := context.Background()
	team := experts.NewTeam(router(t, folders...), runs, experts.Stamp(folders))
	defer func() {
		if err := team.Close(); err != nil {
			t.Error(err)
		}
	}()
	names, usual, err := team.Systems(ctx)
	if err != nil || !slices.Contains(names, usual) || !slices.Contains(names, systems.Alone) || slices.Contains(names, "blade") || len(names) < 4 {
		t.Fatalf("%q, %s, %v", names, usual, err)
	}
	if err := team.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	for k, folder := range folders {
		text := tested(t, folder)[0]
		ready := fits[k]
		q := session.Question{Text: text, System: usual, Silent: true}
		want, err := runs[k].Ask(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		q.Seen = func(a *session.Answer) { seen = a.Expert }
		got, err := team.Ask(ctx, q)
		if err != nil || got.Expert != filepath.Base(folder) || seen != got.Expert || got.Knowledge == "" {
			t.Fatalf("%s: %+v, %v", text, got, err)
		}
		if got.Expert = ""; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, alone %+v", text, got, want)
		}
		if ready == 0 || fits[k] != ready {
			t.Errorf("%s: %d events of a fit before it was ready, %d in all", folder, ready, fits[k])
		}
		if parts, err := team.Document(ctx, filepath.Base(folder), got.Source); err != nil || len(parts) == 0 {
			t.Errorf("%s is not shown: %v", got.Source, err)
		}
	}
	twice(t, team, folders)
	got, err := team.Ask(ctx, session.Question{Text: "How do I cook rice so that it does not stick?", System: usual})
	if err != nil || got.Way != gate.None || got.Expert != "" || got.Reply != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := team.Small(ctx); !errors.Is(err, systems.ErrUnavailable) {
		t.Error(err)
	}
}

// documented opens documents of experts whose files have the same names.
func documented(t *testing.T, r *experts.Router, folders ...string) {
	var runs []*session.Session
	for _, folder := range folders {
		s, err := session.Open(folder, session.Options{Kernel: runtest.Kernel(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, s)
	}
	team := experts.NewTeam(r, runs, "")
	defer func() {
		if err := team.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, folder := range folders {
		dom, err := domain.Open(filepath.Join(folder, stages.Data))
		if err != nil {
			t.Fatal(err)
		}
		want := dom.Sections.At(0)
		parts, err := team.Document(t.Context(), filepath.Base(folder), want.Source)
		if err := errors.Join(err, dom.Close()); err != nil {
			t.Fatal(err)
		}
		if len(parts) == 0 || !parts[0].Here || parts[0].Text != want.Text {
			t.Errorf("%s of %s: %+v", want.Source, filepath.Base(folder), parts)
		}
		if parts, err := team.Document(t.Context(), "", want.Source); err != nil || len(parts) == 0 {
			t.Errorf("%s of nobody: %+v, %v", want.Source, parts, err)
		}
		if parts, err := team.Document(t.Context(), "gone", want.Source); err != nil || len(parts) > 0 {
			t.Errorf("%s of an expert that is not there: %+v, %v", want.Source, parts, err)
		}
	}
}

func TestFolders_MistakesOfAFileAreTold(t *testing.T) {
	run := runtest.Tiny(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "team.yaml")
	for text, want := range map[string]string{
		"slm: 1\nexperts: []\n":                         "names no run",
		"slm: 2\nexperts: [" + run + "]\n":              "format 2",
		"slm: 1\nexperts: [" + run + ", " + run + "]\n": "stands there twice",
		"slm: 1\nexperts: [" + run + "]\nseed: 3\n":     "seed",
		"slm: 1\nexperts: [gone]\n":                     "gone",
		"slm: 1\nexperts: [[a]]\n":                      "experts",
	} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := experts.Folders(name, dir)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, recipe.ErrUsage) && !errors.Is(err, checkpoint.ErrMissing) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if err := os.WriteFile(name, []byte("slm: 1\nexperts: ["+run+"]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := experts.Folders(name, dir)
	if err != nil || !slices.Equal(got, []string{run}) || !experts.Names(name) {
		t.Errorf("%v, %v", got, err)
	}
	for _, other := range []string{run, filepath.Join(run, "recipe.yaml"), filepath.Join(dir, "gone.yaml"), "legal"} {
		if experts.Names(other) {
			t.Errorf("%s is taken for a file with experts", other)
		}
	}
}

func FuzzFolders_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add("slm: 1\nexperts: [a, b]\n")
	f.Add("experts: {a: [*x]}\nslm: &x 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "team.yaml")
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_ = experts.Names(name)
		if folders, err := experts.Folders(name, t.TempDir()); err == nil && len(folders) == 0 {
			t.Errorf("%q names no run", text)
		}
	})
}

// twice asks about the texts of two runs in one question, which both answer.
func twice(t *testing.T, team *experts.Team, folders []string) {
	t.Helper()
	first, second := tested(t, folders[0])[0], tested(t, folders[1])[0]
	seen := 0
	q := session.Question{Text: first + " " + second, System: "cite", Silent: true, Seen: func(*session.Answer) { seen++ }}
	a, err := team.Ask(t.Context(), q)
	if err != nil || a.Expert != filepath.Base(folders[0]) || a.Question != first || a.Also == nil || a.Also.Expert != filepath.Base(folders[1]) || a.Also.Question != second || a.Also.Also != nil || seen != 1 {
		t.Fatalf("%s: %+v, %v, seen %d times", q.Text, a, err, seen)
	}
	q.Text = "About the " + second // of one
	if a, err = team.Ask(t.Context(), q); err != nil || a.Also != nil {
		t.Errorf("%s: %+v, %v", q.Text, a, err)
	}
}
