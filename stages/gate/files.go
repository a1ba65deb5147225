package gate

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
)

// Files of stage find's checkpoint.
const (
	BridgeFile = "bridge.json"
	GateFile   = "gate.json"
)

// Version is that of both files; 2 = gates see the margin of the named place.
const Version = 2

// Write writes bridge.json.
func (b Bridge) Write(path string) error { return write(path, b) }

// Write writes gate.json.
func (g Gate) Write(path string) error { return write(path, g) }

// ReadBridge reads bridge.json of a checkpoint. fs.ErrNotExist: it has none; checkpoint.ErrCorrupt: it is none; checkpoint.ErrNewer: a newer program wrote it.
func ReadBridge(dir string) (b Bridge, err error) {
	if err = read(filepath.Join(dir, BridgeFile), &b, func() (int, string) { return b.Version, b.wrong() }); err != nil {
		return Bridge{}, err
	}
	return b, nil
}

// ReadGate reads gate.json of a checkpoint, with the errors of ReadBridge.
func ReadGate(dir string) (g Gate, err error) {
	if err = read(filepath.Join(dir, GateFile), &g, func() (int, string) { return g.Version, g.wrong() }); err != nil {
		return Gate{}, err
	}
	return g, nil
}

// wrong says what is wrong with a bridge; "" = nothing.
func (b Bridge) wrong() string {
	switch {
	case !slices.Equal(b.Signals, Features) || len(b.Weights) != features:
		return fmt.Sprintf("%d weights of the signals %q", len(b.Weights), b.Signals)
	case slices.ContainsFunc(b.Weights, func(w float64) bool { return !(w >= 0) || math.IsInf(w, 0) }):
		return fmt.Sprintf("weights of %v", b.Weights)
	case b.Speaker == "":
		return "no speaker"
	case !share(b.Stop):
		return fmt.Sprintf("a stop of %v", b.Stop)
	}
	return ""
}

// wrong says what is wrong with a gate; "" = nothing.
func (g Gate) wrong() string {
	named := len(Evidence{}.named())
	if g.Version == 1 {
		named--
	}
	for _, c := range []struct {
		name  string
		curve Curve
		n     int
	}{{"named", g.Named, named}, {"first", g.First, len(Evidence{}.first())}, {"among", g.Among, len(Evidence{}.among())}} {
		if len(c.curve.Score.Weights) != c.n || !c.curve.True.Valid() {
			return "the curve " + c.name
		}
	}
	if g.MostChoices < 0 {
		return "the number of passages"
	}
	if r := g.Refusal; r != nil && (len(r.Score.Weights) != len(Subject{}.row()) || !share(r.Below)) {
		return "the refusal"
	}
	if c := g.Ceiling; c != nil && len(c.Weights) != len(elsewhere.Weights) {
		return "the ceiling"
	}
	for _, p := range []float64{g.Give, g.GiveChoices, g.None, g.Floor} {
		if !share(p) {
			return fmt.Sprintf("a threshold of %v", p)
		}
	}
	return ""
}

func share(p float64) bool { return p >= 0 && p <= 1 }

func write(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	return checkpoint.WriteFileAtomic(path, append(text, '\n'))
}

func read(path string, v any, check func() (version int, wrong string)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("gate: %s: %w: %w", path, checkpoint.ErrCorrupt, err)
	}
	switch version, wrong := check(); {
	case version > Version:
		return fmt.Errorf("gate: %s: %w: version %d", path, checkpoint.ErrNewer, version)
	case version < 1:
		return fmt.Errorf("gate: %s: %w: version %d", path, checkpoint.ErrCorrupt, version)
	case wrong != "":
		return fmt.Errorf("gate: %s: %w: %s", path, checkpoint.ErrCorrupt, wrong)
	}
	return nil
}
