package checkpoint

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPyarrow_OpensEveryFileAndFindsThePromisedColumns runs scripts/golden/arrow_check.py over the golden files.
func TestPyarrow_OpensEveryFileAndFindsThePromisedColumns(t *testing.T) {
	python := os.Getenv("SLM_PYTHON")
	if python == "" {
		t.Skip("SLM_PYTHON names no python with pyarrow")
	}
	if out, err := exec.Command(python, "-c", "import pyarrow").CombinedOutput(); err != nil {
		t.Skipf("%s has no pyarrow: %s", python, out)
	}
	script := filepath.Join("..", "scripts", "golden", "arrow_check.py")
	for path, columns := range map[string]string{
		goldenWeights(t): "name:string,shape:list<item: int64>,data:large_list<item: float>,sha256:fixed_size_binary[32]",
		goldenTable(t):   "s:string,kind:string,b:bool,i32:int32,u64:uint64,raw:binary,ss:list<item: string>,f64s:list<item: double>,at:timestamp[us, tz=UTC],opt:double",
	} {
		if out, err := exec.Command(python, script, path, columns).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}
