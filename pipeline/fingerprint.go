package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"slm/stages"
)

// Step is a stage as the pipeline sees it: what it is made from decides its fingerprint.
type Step struct {
	Name    string
	Slice   any               // the part of the resolved recipe that decides what the stage makes; canonical as JSON
	Inputs  map[string]string // digests of what it reads from outside the run, by name
	Parents []string          // stages whose checkpoints it reads
	Format  int               // revision of what the stage writes: raised when the same recipe gives other bytes
	Asks    bool              // it asks the black box
	Stage   stages.Stage
}

// fingerprints gives each step the hash of its slice, inputs, format, the kernel's name and its parents' fingerprints. Parents come
// before their children.
func fingerprints(steps []Step, kernel string) (map[string]string, error) {
	done := map[string]string{}
	for _, s := range steps {
		parents := map[string]string{}
		for _, p := range s.Parents {
			f, ok := done[p]
			if !ok {
				return nil, fmt.Errorf("pipeline: stage %s reads %s, which does not come before it", s.Name, p)
			}
			parents[p] = f
		}
		f, err := digestOf(map[string]any{
			"stage": s.Name, "format": s.Format, "recipe": s.Slice, "inputs": s.Inputs, "parents": parents, "kernel": kernel,
		})
		if err != nil {
			return nil, fmt.Errorf("pipeline: fingerprint of %s: %w", s.Name, err)
		}
		done[s.Name] = f
	}
	return done, nil
}

// digestOf is the hex SHA-256 of v as canonical JSON: keys sorted, no white space, numbers in their shortest form.
func digestOf(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return hashOf(text), nil
}

// stamp marks a work area with all that must be the same for its contents to be of use.
func stamp(fingerprint string, parents map[string]string) string {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, fingerprint) // a hash does not fail
	for _, name := range slices.Sorted(maps.Keys(parents)) {
		_, _ = fmt.Fprintln(h, name, parents[name])
	}
	mark := hex.EncodeToString(h.Sum(nil))
	return mark + " " + hashOf([]byte(mark)) + "\n"
}

// stampExt ends the name of a work area's stamp.
const stampExt = ".stamp"

// stampIsWhole reports whether a stamp matches its own checksum. Those of older programs had none.
func stampIsWhole(text string) bool {
	mark, sum, ok := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	return ok && sum == hashOf([]byte(mark)) && strings.HasSuffix(text, "\n") || !ok && len(text) == 2*sha256.Size
}
