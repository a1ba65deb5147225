package slm_test

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The compiler fuses x·y + z, with one rounding instead of two, where the processor can: on arm64, and on amd64 from GOAMD64=v3 on. Results would have
// other bits there. Nothing in this repository is fused unless the line says math.FMA: a product that is added to something stands in float64(…).

// mayFuse are the modules whose arithmetic reaches no digest, and why.
var mayFuse = map[string]string{
	"math":                           "calls_test.go keeps its functions out of what reaches a digest",
	"runtime":                        "the garbage collector, and division of complex numbers",
	"net/http":                       "waiting times",
	"gonum.org/v1/gonum":             "quantiles of compare and sweep, whose tables are in no checkpoint",
	"gorgonia.org/":                  "the graph is gorgonia's; every operation in it is of model/op",
	"github.com/chewxy/math32":       "element-wise functions of gorgonia, which no graph has",
	"github.com/andybalholm/brotli":  "comes with Parquet; written by nobody",
	"github.com/klauspost/compress":  "compressed files are in no digest",
	"github.com/json-iterator/go":    "replies of servers' metrics",
	"github.com/apache/arrow/go/v17": "decimal numbers, which no table has",
	"github.com/schollz/progressbar": "shows how long a run will take",
	"github.com/prometheus/":         "metrics of slm serve",
	"github.com/dustin/go-humanize":  "a filter of templates that formats sizes of files, which no chat template has",
	"go.yaml.in/yaml/v3":             "comes with the client of S3",
	"modernc.org/libc":               "SQLite, for the tables of asked files",
}

// instructionSet is what a program is built for, and how a fused step looks there.
type instructionSet struct {
	env   []string
	fused func(code []byte, at int) bool
	step  int // instructions start at multiples of it
}

var arm64 = instructionSet{[]string{"GOARCH=arm64"}, func(code []byte, at int) bool { // FMADD, FMSUB, FNMADD, FNMSUB
	return binary.LittleEndian.Uint32(code[at:])>>24 == 0x1f
}, 4}

var amd64v3 = instructionSet{[]string{"GOARCH=amd64", "GOAMD64=v3"}, func(code []byte, at int) bool { // VFMADD231SD and VFMADD231SS, the only ones that the compiler knows
	return code[at] == 0xc4 && code[at+1]&0x1f == 2 && code[at+2]&7 == 1 && code[at+3] == 0xb9
}, 1}

// fusedSteps returns the source lines of all fused steps of a program, as "file:line", each once. go build makes it, or go test -c.
func fusedSteps(t *testing.T, set instructionSet, pkg string, makes ...string) []string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", append(makes, "-trimpath", "-o", out, pkg)...)
	build.Env = append(append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0"), set.env...)
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	program, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = program.Close() }() // only read
	text := program.Section(".text")
	code, err := text.Data()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := program.Section(".gopclntab").Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(lines, text.Addr))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for at := 0; at+4 <= len(code); at += set.step {
		if set.fused(code, at) {
			file, line, _ := table.PCToLine(text.Addr + uint64(at))
			found = append(found, fmt.Sprintf("%s:%d", file, line))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// inModule says whether a file is of a module, or of one whose name begins so if that ends in a slash.
func inModule(file, module string) bool {
	rest, ok := strings.CutPrefix(file, module)
	return ok && (strings.HasSuffix(module, "/") || strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "@"))
}

// written says whether a fused step stands in the source, or in assembly.
func written(t *testing.T, step string) bool {
	t.Helper()
	name, number, _ := strings.Cut(strings.TrimPrefix(step, "slm/"), ":")
	if strings.HasSuffix(name, ".s") {
		return true
	}
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var line int
	if _, err := fmt.Sscan(number, &line); err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(bytes.Split(source, []byte("\n"))[line-1], []byte("FMA("))
}

// check reports what is fused and nobody wrote, and returns how much is fused.
func check(t *testing.T, set instructionSet, steps []string) (own int) {
	t.Helper()
	for _, step := range steps {
		switch {
		case strings.Contains(step, "_test.go:"):
		case strings.HasPrefix(step, "slm/"):
			if own++; !written(t, step) {
				t.Errorf("%s: the compiler fuses a product and a sum for %v: write float64(x*y) + z, or math.FMA", step, set.env)
			}
		case set.step == 4 && !slices.ContainsFunc(slices.Collect(maps.Keys(mayFuse)), func(module string) bool { return inModule(step, module) }):
			t.Errorf("%s is fused for %v: say in mayFuse why it reaches no digest, or do without it", step, set.env)
		}
	}
	return own
}

// TestNumbers_HaveNoFusedStepThatNobodyWrote looks at the packages that compute most and build fast: their tests as programs.
func TestNumbers_HaveNoFusedStepThatNobodyWrote(t *testing.T) {
	for _, pkg := range []string{"./optim/bayes", "./optim/cma", "./model/kernel"} {
		if own := check(t, arm64, fusedSteps(t, arm64, pkg, "test", "-c")); own < 20 {
			t.Errorf("only %d fused steps were found in %s: math.FMA has more", own, pkg)
		}
	}
}

// TestProgram_HasNoFusedStepThatNobodyWrote builds everything, for both processors.
func TestProgram_HasNoFusedStepThatNobodyWrote(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("long: set SLM_TEST_ALL=1")
	}
	for _, set := range []instructionSet{arm64, amd64v3} {
		if own := check(t, set, fusedSteps(t, set, "./cmd/slm", "build")); own < 20 {
			t.Errorf("only %d fused steps were found for %v: math.FMA has more", own, set.env)
		}
		steps := fusedSteps(t, set, "./internal/elementary/testdata/fused", "build") // one that nobody wrote
		at := slices.IndexFunc(steps, func(s string) bool { return strings.HasPrefix(s, "slm/") })
		if at < 0 || written(t, steps[at]) {
			t.Errorf("for %v x*y + z is not found: %q", set.env, steps)
		}
	}
}
