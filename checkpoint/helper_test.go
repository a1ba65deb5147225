package checkpoint

import (
	"os"
	"testing"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func flip(t testing.TB, f *os.File, at int64, b byte) {
	t.Helper()
	if _, err := f.WriteAt([]byte{b}, at); err != nil {
		t.Fatal(err)
	}
}

func testManifest() *Manifest {
	return &Manifest{
		Stage: "dp", Fingerprint: "f00d", Parents: map[string]string{"data": "beef", "b": "c"}, Seed: 1 << 63, Kernel: "go",
		Versions: map[string]string{"slm": "0.1.0"}, Counters: map[string]int64{"steps": 12, "tokens": 1 << 40},
		Facts: map[string]string{"loss": "3.2 <ok> & ä"}, Created: "2026-11-22T03:00:00Z",
	}
}
