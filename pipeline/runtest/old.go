package runtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// format1 is a whole run of all stages that an older program wrote (its manifests name it), on the texts in the binary and with the plain kernel.
//
//go:embed testdata/format1.tgz
var format1 []byte

// Old is a copy of a run that an older program wrote. Its stages have the formats of then.
func Old(t *testing.T) string {
	t.Helper()
	runs := filepath.Join(t.TempDir(), "runs")
	zipped, err := gzip.NewReader(bytes.NewReader(format1))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(zipped); ; {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(runs, filepath.FromSlash(head.Name))
		if head.Typeflag == tar.TypeDir {
			err = os.MkdirAll(to, 0o777)
		} else {
			var data []byte
			if data, err = io.ReadAll(files); err == nil {
				err = os.WriteFile(to, data, 0o666)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	folders, err := filepath.Glob(filepath.Join(runs, "*"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("%v, %v", folders, err)
	}
	return folders[0]
}
