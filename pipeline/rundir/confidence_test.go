package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"slm/checkpoint"
	"slm/stages/systems"
	"slm/stat"
)

func confidences() map[string]systems.Confidence {
	return map[string]systems.Confidence{
		"blade": {Items: 241, Right: 223, Curve: stat.Logistic{Bias: -1.25, Weights: []float64{0.5, 6.125}}},
		"dp":    {Items: 3, Right: 0},
	}
}

func TestConfidence_HasItsPublishedForm(t *testing.T) {
	folder, digests := t.TempDir(), map[string]string{"data": "0a", "kit": "1b"}
	if err := WriteConfidence(folder, digests, confidences()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(folder, ConfidenceFile))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", ConfidenceFile))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("it has another form; if that is meant, raise confidenceVersion:\n%s", got)
	}
	if back, err := ReadConfidence(folder, digests); err != nil || !reflect.DeepEqual(back, confidences()) {
		t.Errorf("%+v, %v", back, err)
	}
	if back, err := ReadConfidence(folder, map[string]string{"data": "0a"}); err != nil || back != nil {
		t.Errorf("of other checkpoints: %+v, %v", back, err)
	}
	if back, err := ReadConfidence(t.TempDir(), digests); err != nil || back != nil {
		t.Errorf("of no file: %+v, %v", back, err)
	}
	older, err := os.ReadFile(filepath.Join("testdata", "confidence-1.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, ConfidenceFile), older, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ReadConfidence(folder, digests); err != nil || back != nil {
		t.Errorf("of an older program: %+v, %v", back, err)
	}
	if err := CheckConfidence(folder); err != nil {
		t.Errorf("an older program's file is refused: %v", err)
	}
}

func TestConfidence_CutOrHurtAnywhereIsAnError(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", ConfidenceFile))
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := decodeConfidence(whole[:n]); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
		hurt := append([]byte(nil), whole...)
		hurt[n] ^= 4
		if _, err := decodeConfidence(hurt); !errors.Is(err, checkpoint.ErrCorrupt) && !errors.Is(err, checkpoint.ErrNewer) {
			t.Fatalf("byte %d hurt: %v", n, err)
		}
	}
}

func FuzzConfidence_DecodesWhatItEncodes(f *testing.F) {
	whole, err := os.ReadFile(filepath.Join("testdata", ConfidenceFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeConfidence(data)
		if err != nil {
			return
		}
		if again, err := c.encode(); err != nil || string(again) != string(data) {
			t.Errorf("%s, %v", again, err)
		}
	})
}
