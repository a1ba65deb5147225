package runtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// LaTeX demands, in the long form of the tests and where there is a pdflatex, that tables compile in an article that loads booktabs and graphicx and nothing
// else, and fit its page.
func LaTeX(t *testing.T, tables string) {
	t.Helper()
	program, err := exec.LookPath("pdflatex")
	if os.Getenv("SLM_TEST_ALL") == "" || err != nil {
		t.Log("not compiled: that is the long form, SLM_TEST_ALL=1 with a pdflatex")
		return
	}
	dir := t.TempDir()
	text := "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n" + tables + "\\end{document}\n"
	if err := os.WriteFile(filepath.Join(dir, "t.tex"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-interaction=nonstopmode", "-halt-on-error", "t.tex")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "Overfull") {
		t.Errorf("%v\n%s", err, out)
	}
}
