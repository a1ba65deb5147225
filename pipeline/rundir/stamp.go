package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"slm/checkpoint"
)

// Stamp marks a work area with all that must be the same for its contents to be of use.
func Stamp(fingerprint string, parents map[string]string) string {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, fingerprint) // a hash does not fail
	for _, name := range slices.Sorted(maps.Keys(parents)) {
		_, _ = fmt.Fprintln(h, name, parents[name])
	}
	mark := hex.EncodeToString(h.Sum(nil))
	return mark + " " + checkpoint.HashBytes([]byte(mark)) + "\n"
}

// StampExt ends the name of a work area's stamp.
const StampExt = ".stamp"

// StampIsWhole reports whether a stamp matches its own checksum. Those of older programs had none.
func StampIsWhole(text string) bool {
	mark, sum, ok := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	return ok && sum == checkpoint.HashBytes([]byte(mark)) && strings.HasSuffix(text, "\n") || !ok && len(text) == 2*sha256.Size
}
