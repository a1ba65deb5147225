package corpus

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

// A figure is for a corpus that the next one who measures has too.
func TestMakeTexts_TheCorpusIsAlwaysTheSameAndOfTheSizeThatWasAskedFor(t *testing.T) {
	const size = 3 << 20
	var sums [2][sha256.Size]byte
	for i := range sums {
		dir := filepath.Join(t.TempDir(), "texts")
		if err := makeTexts(dir, size); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) < 5 {
			t.Fatal(files, err)
		}
		hash, bytes := sha256.New(), 0
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			hash.Write([]byte(filepath.Base(name)))
			hash.Write(data)
			bytes += len(data)
		}
		if bytes < size || bytes > size+size/10 {
			t.Errorf("%d bytes instead of %d", bytes, size)
		}
		hash.Sum(sums[i][:0])
	}
	if sums[0] != sums[1] {
		t.Error("two corpora of one size differ")
	}
}
