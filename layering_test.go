package slm_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layer is a set of packages on one level: those named, and with "/*" all below that folder that no earlier layer names.
type layer struct {
	packages []string
	within   bool // they may import each other
}

// layers are ordered from the top; an import goes down. What `report` shows is read by the pipeline and the commands only, so it
// stands above the stages, which share result and stat with it. A stage never imports another: what passes between them is a checkpoint.
var layers = []layer{
	{packages: []string{"cmd/*", "scripts/askedfit", "scripts/benchmark", "scripts/killrun", "scripts/soakrun"}},
	{packages: []string{"scripts/benchmark/*"}}, // a benchmark each
	{packages: []string{"scripts/benchmark/bpo/published"}},
	{packages: []string{"scripts/benchmark/duel", "scripts/benchmark/setup"}}, // what benchmarks share
	{packages: []string{"internal/term"}},                                     // shows what the pipeline tells
	{packages: []string{"serve"}},                                             // a run behind an API
	{packages: []string{"pipeline/runtest"}},                                  // runs for tests
	{packages: []string{"pipeline/ablate", "pipeline/sweep", "pipeline/refresh", "pipeline/experts", "pipeline/draft"}}, // many runs of one recipe; what is made with an open run
	{packages: []string{"pipeline/study"}}, // what experiments share
	{packages: []string{"pipeline/audit", "pipeline/session", "pipeline/estimate", "pipeline/starter", "pipeline/export", "pipeline/launch", "pipeline/remote"}}, // what is done with runs and plans
	{packages: []string{"pipeline"}},
	{packages: []string{"pipeline/blackbox", "pipeline/survey"}},
	{packages: []string{"pipeline/rundir", "pipeline/recipe"}},
	{packages: []string{"report"}},
	{packages: []string{"stages/all"}}, // the list of stages
	{packages: []string{"stages/*"}},
	{packages: []string{"stages", "stages/trainer", "stages/knowledge", "stages/domain", "stages/delivery", "stages/search", "stages/gate", "stages/route", "stages/systems", "stages/verdict", "stages/writer", "stages/stagetest"}, within: true}, // the contract of a stage and what stages share
	{packages: []string{"retrieve"}},
	{packages: []string{"llm", "llm/*"}, within: true},
	{packages: []string{"model/schedule", "model/proxy"}},
	{packages: []string{"model/weights/*"}, within: true}, // the list of formats
	{packages: []string{"model/*"}},
	{packages: []string{"model/blocks"}},  // the numbers that files of weights hold
	{packages: []string{"model/weights"}}, // what a format of weights is
	{packages: []string{"model"}},
	{packages: []string{"model/op"}},
	{packages: []string{"optim", "optim/*"}, within: true},
	{packages: []string{"model/kernel"}},
	{packages: []string{"model/kernel/internal/*"}}, // assembly, a package an instruction set
	{packages: []string{"experiment"}},
	{packages: []string{"score"}},
	{packages: []string{"data/*"}, within: true},
	{packages: []string{"result", "stat"}},
	{packages: []string{"store", "store/storetest"}}, // objects of an S3 store
	{packages: []string{"checkpoint"}},
	{packages: []string{"pipeline/schema"}}, // knows no recipe
	{packages: []string{"internal/mpi"}},    // carries the messages of ranks
	{packages: []string{"rng", "recipes", "internal/sanitize", "internal/grid", "internal/heartbeat", "internal/pairwise", "internal/ranks", "internal/sandbox", "internal/mpi/mpitest"}},
	{packages: []string{"internal/elementary"}}, // functions of numbers with the same bits everywhere
}

// levelOf returns the layer of a package; exact names count before folders and a folder before those around it, so model/kernel is not of model/*.
func levelOf(pkg string) (level int, found bool) {
	longest := ""
	for i, l := range layers {
		for _, p := range l.packages {
			folder, all := strings.CutSuffix(p, "*")
			if p == pkg {
				return i, true
			}
			if all && strings.HasPrefix(pkg, folder) && len(folder) > len(longest) {
				level, found, longest = i, true, folder
			}
		}
	}
	return level, found
}

// upward returns what is wrong with an import graph: package → packages it imports, as paths below the repository's root.
func upward(imports map[string][]string) []string {
	var wrong []string
	for from, list := range imports {
		high, ok := levelOf(from)
		if !ok {
			wrong = append(wrong, from+" stands in no layer")
			continue
		}
		for _, to := range list {
			low, ok := levelOf(to)
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which stands in no layer", from, to))
			case low < high:
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which stands above it", from, to))
			case low == high && !layers[low].within:
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which stands beside it", from, to))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// readImports returns the imports between packages of this module. Tests are left out: they may reach anywhere.
func readImports(root fs.FS) (map[string][]string, error) {
	imports := map[string][]string{}
	err := walk(root, func(name string) error {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || path.Dir(name) == "." {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		if _, seen := imports[pkg]; !seen {
			imports[pkg] = nil // also a package that imports nothing has its layer
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, ours := strings.CutPrefix(to, "slm/"); ours && !slices.Contains(imports[pkg], to) {
				imports[pkg] = append(imports[pkg], to)
			}
		}
		return nil
	})
	return imports, err
}

// walk visits the module's own files: no hidden folders but .ci, no runs, no test data, no modules of their own.
func walk(root fs.FS, visit func(name string) error) error { return walkModules(root, false, visit) }

// walkModules is walk, with the modules of the repository beside the main one or without them.
func walkModules(root fs.FS, all bool, visit func(name string) error) error {
	return fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			if err == nil {
				err = visit(name)
			}
			return err
		}
		base := d.Name()
		hidden := strings.HasPrefix(base, ".") && base != "." && base != ".ci"
		if hidden || base == "testdata" || base == "__pycache__" || name == "runs" {
			return fs.SkipDir
		}
		if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil && name != "." && !all {
			return fs.SkipDir
		}
		return nil
	})
}

// repository is the working tree that this test stands in.
func repository() fs.FS { return os.DirFS(".") }

func TestLayers_NoImportGoesUp(t *testing.T) {
	imports, err := readImports(repository())
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) < 10 || len(imports["data/tokenizer"]) == 0 {
		t.Fatalf("only %d packages were found: %v", len(imports), imports)
	}
	for _, w := range upward(imports) {
		t.Error(w)
	}
}

func TestLayers_ImportsThatGoUpAreFound(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"checkpoint", "data/pack", "above"},
		{"data/corpus", "model", "above"},
		{"stages/kit", "stages/dp", "beside"},
		{"stages/trainer", "stages/dp", "above"},
		{"stages/dp", "stages/all", "above"},
		{"stages/dp", "pipeline", "above"},
		{"stages/eval", "report", "above"},
		{"llm", "stages", "above"},
		{"model/kernel", "model/op", "above"},
		{"model/kernel/internal/avx2", "model/kernel", "above"},
		{"model/kernel/internal/avx512", "model/kernel/internal/avx2", "beside"},
		{"model/op", "model", "above"},
		{"model", "model/decode", "above"},
		{"model", "llm", "above"},
		{"rng", "checkpoint", "above"},
		{"result", "report", "above"},
		{"experiment", "stages", "above"},
		{"pipeline", "cmd/slm", "above"},
		{"scripts/benchmark/bo", "scripts/benchmark/bpo", "beside"},
		{"pipeline", "pipeline/audit", "above"},
		{"pipeline", "pipeline/estimate", "above"},
		{"pipeline/rundir", "pipeline", "above"},
		{"pipeline/blackbox", "pipeline/session", "above"},
		{"pipeline/session", "pipeline/audit", "beside"},
		{"pipeline/recipe", "pipeline/rundir", "beside"},
		{"pipeline/schema", "pipeline/recipe", "above"},
		{"report", "pipeline/rundir", "above"},
		{"pipeline/audit", "internal/term", "above"},
		{"pipeline/room", "rng", "no layer"},
		{"model", "elsewhere", "no layer"},
		{"elsewhere", "rng", "no layer"},
	} {
		wrong := upward(map[string][]string{c.from: {c.to}})
		if len(wrong) != 1 || !strings.Contains(wrong[0], c.want) {
			t.Errorf("%s → %s: %q, want one with %q", c.from, c.to, wrong, c.want)
		}
	}
	for _, c := range [][2]string{
		{"cmd/slm", "pipeline"}, {"cmd/slm", "internal/term"}, {"internal/term", "pipeline"}, {"pipeline/audit", "pipeline"}, {"pipeline", "pipeline/rundir"},
		{"pipeline/session", "pipeline/blackbox"}, {"pipeline/blackbox", "pipeline/rundir"}, {"pipeline/recipe", "pipeline/schema"}, {"pipeline", "stages/dp"}, {"pipeline", "report"}, {"stages/dp", "stages/trainer"}, {"stages/trainer", "stages"},
		{"stages/eval", "result"}, {"llm", "model/decode"}, {"model/gguf", "data/tokenizer"}, {"model", "model/op"}, {"data/pack", "data/form"},
		{"data/tokenizer", "checkpoint"}, {"stages/bpo", "optim/bayes"}, {"optim", "rng"},
	} {
		if wrong := upward(map[string][]string{c[0]: {c[1]}}); len(wrong) != 0 {
			t.Errorf("%s → %s goes down, but: %q", c[0], c[1], wrong)
		}
	}
}
