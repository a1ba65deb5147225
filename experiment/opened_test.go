package experiment

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// $SLM_PYTHON is a Python with polars, duckdb and pyarrow.
func TestItems_OpenInPolarsAndDuckDB(t *testing.T) {
	python := os.Getenv("SLM_PYTHON")
	if os.Getenv("SLM_TEST_ALL") == "" || python == "" {
		t.Skip("long form: SLM_TEST_ALL=1 and SLM_PYTHON, with polars, duckdb and pyarrow")
	}
	const script = `
import sys, duckdb, polars, pyarrow
frame = polars.read_ipc(sys.argv[1])
table = pyarrow.ipc.open_file(sys.argv[1]).read_all()
rows = duckdb.from_arrow(table).aggregate("variant, system, avg(correct::int) as right_share").fetchall()
assert frame.height == table.num_rows and len(rows) > 1, (frame.height, table.num_rows, rows)
print("whole")
`
	out, err := exec.Command(python, "-c", script, filepath.Join("testdata", "recorded", ItemsFile)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "whole") {
		t.Errorf("%v\n%s", err, out)
	}
}
