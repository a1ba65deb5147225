package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestTable_OptionalColumnStandsOnlyWhereItHasValues(t *testing.T) {
	type before struct {
		Name string `arrow:"name"`
	}
	type after struct {
		Name string   `arrow:"name"`
		Why  string   `arrow:"why,optional"`
		Cut  bool     `arrow:"cut,optional"`
		List []string `arrow:"list,optional"`
	}
	dir := t.TempDir()
	write := func(name string, rows []after) string {
		path := filepath.Join(dir, name)
		if err := WriteTable(path, rows, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old, bare := filepath.Join(dir, "old.arrow"), write("bare.arrow", []after{{Name: "a"}, {Name: "b"}})
	if err := WriteTable(old, []before{{"a"}, {"b"}}, nil); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(bare); err != nil || !bytes.Equal(first, second) {
		t.Errorf("without values the file differs from one without the columns: %v", err)
	}
	full := []after{{Name: "a", Why: "refused"}, {Name: "b", List: []string{"x"}}}
	for path, want := range map[string][]after{old: {{Name: "a"}, {Name: "b"}}, write("full.arrow", full): full} {
		if got, _, err := ReadTable[after](path); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %v", filepath.Base(path), got, err)
		}
	}
	if got, _, err := ReadTable[before](filepath.Join(dir, "full.arrow")); err != nil || len(got) != 2 {
		t.Errorf("read by who does not know them: %+v %v", got, err)
	}
}
