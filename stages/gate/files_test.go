package gate

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
)

// golden reads testdata.
func golden(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// with writes a file of a checkpoint.
func with(t testing.TB, name, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// reread reads a file of a checkpoint and writes it again.
func reread(dir, name, to string) error {
	if name == BridgeFile {
		b, err := ReadBridge(dir)
		if err != nil {
			return err
		}
		return b.Write(to)
	}
	g, err := ReadGate(dir)
	if err != nil {
		return err
	}
	return g.Write(to)
}

func TestFiles_GoldenOnesAreReadAndWrittenAsTheyWere(t *testing.T) {
	for _, name := range []string{BridgeFile, GateFile} {
		to := filepath.Join(t.TempDir(), name)
		if err := reread("testdata", name, to); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(to); err != nil || string(text) != golden(t, name) {
			t.Errorf("%s is written as\n%s", name, text)
		}
	}
	list, fold, _ := cases(200)
	g, _, err := Fit(list, fold)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := g.Write(filepath.Join(dir, GateFile)); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadGate(dir); err != nil || !reflect.DeepEqual(got, g) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFiles_GateWithoutMarginsIsReadAndChooses(t *testing.T) {
	g, err := ReadGate(with(t, GateFile, golden(t, "gate-1.json")))
	if err != nil {
		t.Fatal(err)
	}
	e := Evidence{Known: true, LogProb: -1}
	sure := e
	sure.Margin = 2
	if g.Odds(e) != g.Odds(sure) {
		t.Error("a gate of version 1 looks at margins")
	}
	if _, err := ReadGate(with(t, GateFile, strings.Replace(golden(t, GateFile), `"v": 2`, `"v": 1`, 1))); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("version 1 with a weight of margins: %v", err)
	}
}

func TestFiles_CutOrForeignOnesAreRefused(t *testing.T) {
	for _, name := range []string{BridgeFile, GateFile} {
		text := golden(t, name)
		to := filepath.Join(t.TempDir(), name)
		dir := t.TempDir()
		for n := range strings.TrimSpace(text) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text[:n]), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := reread(dir, name, to); !errors.Is(err, checkpoint.ErrCorrupt) {
				t.Fatalf("%s, cut to %d: %v", name, n, err)
			}
		}
		if err := reread(t.TempDir(), name, to); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no %s: %v", name, err)
		}
		if err := reread(with(t, name, strings.Replace(text, `"v": 2`, `"v": 3`, 1)), name, to); !errors.Is(err, checkpoint.ErrNewer) {
			t.Errorf("a newer %s: %v", name, err)
		}
	}
	for _, c := range [][3]string{
		{BridgeFile, `"speaker": "blade-z0"`, `"speaker": ""`}, {BridgeFile, `"rank"`, `"luck"`}, {BridgeFile, `"stop": 0.85`, `"stop": 1.85`},
		{BridgeFile, `1.25`, `-1.25`}, {GateFile, `"give": 0.25`, `"give": -1`}, {GateFile, `"bias": -0.5`, `"bias": "much"`}, {GateFile, `0.125`, `0.95`}, {GateFile, `"below": 0.25`, `"below": 2.5`},
	} {
		changed := strings.Replace(golden(t, c[0]), c[1], c[2], 1)
		if changed == golden(t, c[0]) {
			t.Fatalf("%s has no %s", c[0], c[1])
		}
		if err := reread(with(t, c[0], changed), c[0], filepath.Join(t.TempDir(), "x")); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%s with %s: %v", c[0], c[2], err)
		}
	}
}

func FuzzFiles_AnyTextIsReadOrRefused(f *testing.F) {
	f.Add(golden(f, BridgeFile))
	f.Add(golden(f, GateFile))
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := ReadBridge(with(t, BridgeFile, text)); err == nil {
			if _, p := b.Weigh([][]float64{{1, 1, 0, 0, 1, 0}, {0, .5, 1, 1, 0, 1}}); b.Passages(p) < 1 {
				t.Errorf("%+v gives nothing", b)
			}
		}
		if g, err := ReadGate(with(t, GateFile, text)); err == nil {
			if _, p := g.Choose(Evidence{Known: true, Passages: 1, First: .5, Sum: .5}, false); !(p >= 0 && p <= 1) {
				t.Errorf("%+v has a probability of %v", g, p)
			}
		}
	})
}
