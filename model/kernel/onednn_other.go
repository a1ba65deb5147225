//go:build !linux || (!amd64 && !arm64)

package kernel

import "unsafe"

type dnnlLibrary struct{ version string }

type gemmPlan struct{}

const dnnlBF16, dnnlF32 = 2, 3

func openDNNL() (*dnnlLibrary, error) { return nil, ErrNoOneDNN }

func (d *dnnlLibrary) newGemmPlan(Shape, uintptr, uintptr) (*gemmPlan, error) {
	return nil, ErrNoOneDNN
}

func (p *gemmPlan) run(c, a, b unsafe.Pointer) error { return ErrNoOneDNN }
