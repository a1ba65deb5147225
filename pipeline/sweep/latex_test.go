package sweep

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/pipeline/runtest"
)

func TestTables_CompileWithPdflatex(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "tables.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, tex, _ := strings.Cut(string(golden), "== table.tex\n")
	runtest.LaTeX(t, tex)
}
