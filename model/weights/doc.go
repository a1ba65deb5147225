// Package weights is the seam to models that others have trained: what a file of weights holds (Source), how a format is opened and written
// (Format), and how a recipe names one (Ref, "gguf:FILE"). A format is a package of its own that is registered in weights/formats.
//
// It runs no model (model/decode) and knows no format. Files are not trusted: a Source checks every length before memory is asked for, and
// Params checks every tensor against the configuration.
package weights

import "errors"

var (
	// ErrFormat marks a file that is not of its format, is damaged, or contradicts itself.
	ErrFormat = errors.New("weights: invalid file")
	// ErrUnsupported marks a sound file that needs something this program does not have: another architecture, tensor type, tokenizer or
	// chat template.
	ErrUnsupported = errors.New("weights: unsupported")
)
