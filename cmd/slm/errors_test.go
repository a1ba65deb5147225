package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/gocode"
	"slm/data/pairs"
	"slm/data/source"
	"slm/data/taskrow"
	"slm/data/tokenizer"
	"slm/data/tokenizer/unigram"
	"slm/data/tokenizer/wordpiece"
	"slm/experiment"
	"slm/internal/mpi"
	"slm/internal/ranks"
	"slm/internal/sandbox"
	"slm/llm"
	"slm/model"
	"slm/model/bag"
	"slm/model/decode"
	"slm/model/encoder"
	"slm/model/kernel"
	"slm/model/proxy"
	"slm/model/schedule"
	"slm/model/weights"
	"slm/optim/bayes"
	"slm/optim/cma"
	"slm/pipeline/ablate"
	"slm/pipeline/audit"
	"slm/pipeline/export"
	"slm/pipeline/recipe"
	"slm/pipeline/remote"
	"slm/pipeline/rundir"
	"slm/pipeline/session"
	"slm/result"
	"slm/retrieve"
	"slm/stages/bpo"
	"slm/stages/delivery"
	"slm/stages/kit"
	"slm/stages/route"
	"slm/stages/systems"
	"slm/stages/task"
	"slm/stages/trainer"
	"slm/stat"
	"slm/store"
)

// sentinels is every exported error of the program, by package and name.
var sentinels = map[string]error{
	"mpi.ErrUnavailable": mpi.ErrUnavailable, "sandbox.ErrUnavailable": sandbox.ErrUnavailable, "ranks.ErrLost": ranks.ErrLost, "ablate.ErrWork": ablate.ErrWork, "rundir.ErrLost": rundir.ErrLost,
	"remote.ErrApart": remote.ErrApart,
	"store.ErrURL":    store.ErrURL, "store.ErrChanged": store.ErrChanged, "store.ErrConditions": store.ErrConditions, "store.ErrClock": store.ErrClock, "store.ErrAccess": store.ErrAccess, "store.ErrTaken": store.ErrTaken, "store.ErrLost": store.ErrLost,
	"bag.ErrFile": bag.ErrFile, "bag.ErrNotFinite": bag.ErrNotFinite, "bayes.ErrExhausted": bayes.ErrExhausted, "delivery.ErrDelivery": delivery.ErrDelivery,
	"bayes.ErrSingular": bayes.ErrSingular, "bpo.ErrItems": bpo.ErrItems, "bpo.ErrScores": bpo.ErrScores, "bpo.ErrTrial": bpo.ErrTrial,
	"checkpoint.ErrCorrupt": checkpoint.ErrCorrupt, "checkpoint.ErrIncomplete": checkpoint.ErrIncomplete, "checkpoint.ErrMissing": checkpoint.ErrMissing, "checkpoint.ErrNewer": checkpoint.ErrNewer,
	"cma.ErrBroken": cma.ErrBroken, "read.ErrEmpty": read.ErrEmpty, "read.ErrUnknown": read.ErrUnknown, "read.ErrUnreadable": read.ErrUnreadable,
	"decode.ErrRequest": decode.ErrRequest, "decode.ErrTooLong": decode.ErrTooLong, "exam.ErrFormat": exam.ErrFormat, "exam.ErrTooSmall": exam.ErrTooSmall,
	"form.ErrTemplate": form.ErrTemplate, "kernel.ErrBlocks": kernel.ErrBlocks, "kernel.ErrClass": kernel.ErrClass, "kernel.ErrNoAMX": kernel.ErrNoAMX, "kernel.ErrNoOneDNN": kernel.ErrNoOneDNN,
	"schedule.ErrBusy": schedule.ErrBusy, "schedule.ErrClosed": schedule.ErrClosed, "schedule.ErrMemory": schedule.ErrMemory,
	"kit.ErrOverlap": kit.ErrOverlap, "result.ErrNewer": result.ErrNewer, "llm.ErrAuth": llm.ErrAuth, "llm.ErrBudget": llm.ErrBudget, "llm.ErrNoAnswer": llm.ErrNoAnswer, "llm.ErrNoText": llm.ErrNoText, "llm.ErrNoWeights": llm.ErrNoWeights, "llm.ErrOffline": llm.ErrOffline,
	"llm.ErrNoEcho": llm.ErrNoEcho, "llm.ErrQuota": llm.ErrQuota, "llm.ErrReply": llm.ErrReply, "llm.ErrRequest": llm.ErrRequest, "llm.ErrScores": llm.ErrScores, "llm.ErrTooLong": llm.ErrTooLong, "llm.ErrUnavailable": llm.ErrUnavailable, "model.ErrConfig": model.ErrConfig,
	"model.ErrNotFinite": model.ErrNotFinite, "pairs.ErrFormat": pairs.ErrFormat, "audit.ErrDiffers": audit.ErrDiffers, "route.ErrTarget": route.ErrTarget, "rundir.ErrLocked": rundir.ErrLocked, "rundir.ErrUsage": rundir.ErrUsage,
	"recipe.ErrUsage": recipe.ErrUsage, "session.ErrRoute": session.ErrRoute, "source.ErrFetch": source.ErrFetch, "source.ErrUnknown": source.ErrUnknown, "stat.ErrItems": stat.ErrItems, "systems.ErrScores": systems.ErrScores, "systems.ErrUnavailable": systems.ErrUnavailable, "tokenizer.ErrFormat": tokenizer.ErrFormat,
	"tokenizer.ErrOptions": tokenizer.ErrOptions, "trainer.ErrDiverged": trainer.ErrDiverged, "trainer.ErrNotLearnt": trainer.ErrNotLearnt, "weights.ErrFormat": weights.ErrFormat, "weights.ErrUnsupported": weights.ErrUnsupported, "proxy.ErrVocabulary": proxy.ErrVocabulary,
	"export.ErrTarget": export.ErrTarget, "experiment.ErrCorrupt": experiment.ErrCorrupt, "experiment.ErrItems": experiment.ErrItems, "experiment.ErrNewer": experiment.ErrNewer, "experiment.ErrOther": experiment.ErrOther, "experiment.ErrSeen": experiment.ErrSeen, "experiment.ErrTwice": experiment.ErrTwice,
	"encoder.ErrConfig": encoder.ErrConfig, "encoder.ErrKernel": encoder.ErrKernel, "encoder.ErrRequest": encoder.ErrRequest, "retrieve.ErrNoEncoder": retrieve.ErrNoEncoder, "wordpiece.ErrFormat": wordpiece.ErrFormat, "unigram.ErrFormat": unigram.ErrFormat,
	"task.ErrRows": task.ErrRows, "taskrow.ErrFormat": taskrow.ErrFormat, "gocode.ErrSource": gocode.ErrSource,
}

// source files are parsed from the repository's root.
const repository = "../.."

// eachFile visits the Go files below some folders that are no tests.
func eachFile(t *testing.T, visit func(path string, f *ast.File), folders ...string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(repository, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				visit(path, f)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// declared lists the exported sentinels in the sources.
func declared(t *testing.T) []string {
	t.Helper()
	exported := regexp.MustCompile(`^Err[A-Z]`)
	var names []string
	eachFile(t, func(_ string, f *ast.File) {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if exported.MatchString(name.Name) {
						names = append(names, f.Name.Name+"."+name.Name)
					}
				}
			}
		}
	}, "checkpoint", "data", "internal", "llm", "model", "optim", "pipeline", "report", "experiment", "result", "retrieve", "rng", "stages", "stat", "store")
	slices.Sort(names)
	return names
}

// documentedErrors is docs/errors.md, and its rows by their first cell.
func documentedErrors(t *testing.T) (text string, rows map[string][]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, "docs", "errors.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows = map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); strings.HasPrefix(line, "| `") && len(cells) > 1 {
			cells[0], cells[len(cells)-1] = strings.TrimPrefix(cells[0], "| "), strings.TrimSuffix(cells[len(cells)-1], " |")
			rows[strings.Trim(cells[0], "`")] = cells
		}
	}
	return string(data), rows
}

func TestErrorsMD_EveryErrorIsThereWithItsExitCode(t *testing.T) {
	if got, want := declared(t), slices.Sorted(maps.Keys(sentinels)); !slices.Equal(got, want) {
		t.Errorf("the sources declare\n%v\nand this test knows\n%v", got, want)
	}
	_, rows := documentedErrors(t)
	for name, err := range sentinels {
		row, ok := rows[name]
		switch message := err.Error(); {
		case !ok:
			t.Errorf("docs/errors.md has no row for %s", name)
		case len(row) != 5 || row[3] == "" || row[4] == "":
			t.Errorf("%s: a row is name, message, exit code, cause and cure: %q", name, row)
		case !strings.Contains(row[1], "`"+message+"`"):
			t.Errorf("%s: its text is %q, the row says %s", name, message, row[1])
		case row[2] != strconv.Itoa(exitCode(fmt.Errorf("dp: %w", err), nil)):
			t.Errorf("%s ends in exit code %d, the row says %s", name, exitCode(err, nil), row[2])
		}
	}
	for name := range rows {
		if strings.Contains(name, ".Err") && sentinels[name] == nil {
			t.Errorf("docs/errors.md has %s, which is not there", name)
		}
	}
}

func TestErrorsMD_EveryExitCodeIsThere(t *testing.T) {
	_, rows := documentedErrors(t)
	for code, meaning := range exitMeaning {
		if row := rows[strconv.Itoa(code)]; len(row) < 2 || row[1] != meaning {
			t.Errorf("docs/errors.md says of exit code %d: %q, the help: %q", code, row, meaning)
		}
	}
	for _, code := range []string{"130", "143"} {
		if rows[code] == nil {
			t.Errorf("docs/errors.md lacks %s", code)
		}
	}
}

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z]`)

// literals lists the texts that an expression may come to: verbs and what is joined to it become an ellipsis.
func literals(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return "…"
		}
		return strings.ReplaceAll(verb.ReplaceAllString(text, "…"), "%%", "%")
	case *ast.BinaryExpr:
		return literals(e.X) + literals(e.Y)
	case *ast.CallExpr:
		if called(e) == "Sprintf" {
			return literals(e.Args[0])
		}
	}
	return "…"
}

// called is the last name of what a call calls.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// recipeMessages lists what the recipe compiler and the sections' own checks can say.
func recipeMessages(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	add := func(e ast.Expr) {
		if text := strings.Trim(literals(e), " …:[]"); text != "" {
			found[text] = true
		}
	}
	collect := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				switch name := called(n); {
				case (name == "New" || name == "Errorf" || name == "problem") && len(n.Args) > 0:
					add(n.Args[0])
				case name == "at" && len(n.Args) == 4:
					add(n.Args[2])
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "What" {
					add(n.Value)
				}
			}
			return true
		})
	}
	eachFile(t, func(_ string, f *ast.File) { collect(f) }, "pipeline/schema", "pipeline/recipe")
	eachFile(t, func(_ string, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(strings.ToLower(fn.Name.Name), "validate") {
				collect(fn)
			}
		}
	}, "stages/prep", "stages/dp", "stages/kit", "stages/bpo", "stages/eval", "stages/trainer", "llm")
	return slices.Sorted(maps.Keys(found))
}

func TestErrorsMD_EveryMistakeOfARecipeIsThere(t *testing.T) {
	text, _ := documentedErrors(t)
	messages := recipeMessages(t)
	if len(messages) < 60 {
		t.Fatalf("only %d messages were found: %q", len(messages), messages)
	}
	for _, m := range messages {
		if !strings.Contains(text, m) {
			t.Errorf("docs/errors.md lacks %q", m)
		}
	}
}

func TestCure_FullDiskAndForbiddenFolderHaveOne(t *testing.T) {
	text, _ := documentedErrors(t)
	for _, err := range []error{syscall.EACCES, syscall.ENOSPC, syscall.EROFS} {
		if exitCode(err, nil) != exitFailed || !strings.Contains(text, err.Error()) {
			t.Errorf("docs/errors.md lacks %q, exit %d", err, exitCode(err, nil))
		}
	}
}
