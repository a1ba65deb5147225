package sweep

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTables_CompileWithPdflatex(t *testing.T) {
	program, err := exec.LookPath("pdflatex")
	if os.Getenv("SLM_TEST_ALL") == "" || err != nil {
		t.Skip("long form: SLM_TEST_ALL=1 and a pdflatex with booktabs")
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "tables.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, tex, _ := strings.Cut(string(golden), "== table.tex\n")
	dir := t.TempDir()
	text := "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" + tex + "\\end{document}\n"
	if err := os.WriteFile(filepath.Join(dir, "t.tex"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-interaction=nonstopmode", "-halt-on-error", "t.tex")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
