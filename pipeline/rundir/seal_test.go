package rundir

import (
	"bytes"
	"errors"
	"testing"

	"slm/checkpoint"
)

func FuzzSeal_AnyFileIsReadOrRefused(f *testing.F) {
	whole, err := Seal{Version: sealVersion, Stages: map[string]string{"dp": "12"}, Files: []Sealed{{RecipeFile, 7, "ab", false}, {PlanFile, 9, "cd", true}}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"v": 99}`))
	f.Add([]byte(`{"v":1,"files":[{"name":"../x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeSeal(data)
		if err != nil {
			if !errors.Is(err, checkpoint.ErrCorrupt) && !errors.Is(err, checkpoint.ErrNewer) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		if again, err := s.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("accepted what it would not write: %v", err)
		}
		_ = s.Differs(t.TempDir(), RecipeFile)
	})
}
