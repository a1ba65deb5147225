package blocks

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The golden file holds random blocks and what ggml makes of them (scripts/golden/blocks.py).
func TestDequantise_EveryTypeOfBlocksHasTheBitsOfGgml(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "blocks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Type   Type
		Name   string
		Data   string
		First  []float64
		SHA256 string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	seen := map[Type]bool{F32: true, F16: true, BF16: true} // these are no blocks
	for _, c := range cases {
		seen[c.Type] = true
		data, err := base64.StdEncoding.DecodeString(c.Data)
		if err != nil {
			t.Fatal(err)
		}
		k := kinds[c.Type]
		if k.name != c.Name || k.bytes == 0 {
			t.Fatalf("type %d is %+v, want %s", c.Type, k, c.Name)
		}
		out := make([]float32, len(data)/k.bytes*k.values)
		Dequantise(c.Type, out, data)
		var bits []byte
		for _, v := range out {
			bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(v))
		}
		if sum := sha256.Sum256(bits); hex.EncodeToString(sum[:]) != c.SHA256 {
			t.Errorf("%s: other values than ggml's; the first are %v, want %v", c.Name, out[:4], c.First)
		}
	}
	for kind, k := range kinds {
		if k.widen != nil && !seen[kind] {
			t.Errorf("%s is not in the golden file", k.name)
		}
	}
}
