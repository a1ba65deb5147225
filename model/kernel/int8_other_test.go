//go:build !amd64

package kernel

// ways8 has none beside the reference.
func ways8() map[string]func(*Weights8, share8) { return nil }
