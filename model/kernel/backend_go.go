package kernel

// goBackend is the portable kernel: Go, with SIMD assembly where the processor has it.
type goBackend struct{}

func (goBackend) Name() string         { return "go-f32+" + CPU() }
func (goBackend) Class() Class         { return ClassF32 }
func (goBackend) Precision() Precision { return F32 }

func (goBackend) Traits() Traits {
	t := Traits{BatchInvariant: true}
	if cpu.panels != nil {
		t.packs32 = cpu.panels
	}
	return t
}

func (goBackend) Gemm32(s Shape, c, a, b []float32) {
	s.check(len(c), len(a), len(b))
	switch {
	case s.TransA && s.TransB:
		panic("kernel: both operands transposed: no caller needs it")
	case s.TransA:
		SgemmTN(c, a, b, s.M, s.N, s.K, s.LDA, s.LDB, s.LDC, s.Accumulate)
	case s.TransB:
		SgemmNT(c, a, b, s.M, s.N, s.K, s.LDA, s.LDB, s.LDC, s.Accumulate)
	default:
		SgemmNN(c, a, b, s.M, s.N, s.K, s.LDA, s.LDB, s.LDC, s.Accumulate)
	}
}

func (goBackend) Gemm16(Shape, []float32, []uint16, []uint16) {
	panic("kernel: the Go kernel has no bf16")
}

func (goBackend) Gemm16To16(Shape, []uint16, []uint16, []uint16) {
	panic("kernel: the Go kernel has no bf16")
}
