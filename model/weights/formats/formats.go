// Package formats registers the formats of weights that the program reads and writes. A new format is its package and its line here.
package formats

import (
	"slm/model/gguf"
	"slm/model/safetensors"
	"slm/model/trained"
	"slm/model/weights"
)

func init() {
	weights.Register(
		gguf.Format,
		safetensors.Format,
		safetensors.Hub,
		safetensors.PEFT,
		trained.Format,
	)
}
