package read

import "testing"

func FuzzRecord_AnyLineIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"text":"x","title":"t","number":1,"heading":null}`))
	f.Add([]byte(`{"text":["x"]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if r, err := parseRecord(line, "text"); err != nil && r != (record{}) {
			t.Errorf("%+v beside %v", r, err)
		}
	})
}
