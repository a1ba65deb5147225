package kernel

// Precision is the type in which a backend wants the operands of its products.
type Precision int

const (
	F32  Precision = iota // operands and results in float32
	BF16                  // operands in bfloat16 (as uint16), sums in float32
)

// Elem is a type in which activations are kept: float32, or bfloat16 as uint16.
type Elem interface{ float32 | uint16 }

// Shape describes C [M,N] (+)= op(A) [M,K] · op(B) [K,N], all row-major. LD* are row strides in elements; op transposes what is
// stored: with TransA, A is stored as [K,M].
type Shape struct {
	M, N, K        int
	LDA, LDB, LDC  int
	TransA, TransB bool
	Accumulate     bool // add to C
}

// Backend multiplies matrices. Its class is part of every stage's fingerprint; its name, which also says the processor's level, is a fact beside it.
// Gemm calls run on the caller's goroutine and may run concurrently: the caller cuts the work into tiles.
type Backend interface {
	Name() string
	Class() Class
	Precision() Precision
	Traits() Traits
	// Gemm32 multiplies in float32.
	Gemm32(s Shape, c, a, b []float32)
	// Gemm16 multiplies bfloat16 operands with float32 sums. Only backends of Precision BF16 have it.
	Gemm16(s Shape, c []float32, a, b []uint16)
	// Gemm16To16 rounds the result to bfloat16, and does not accumulate.
	Gemm16To16(s Shape, c, a, b []uint16)
}

// Gemm multiplies in the backend's precision T, with the result in R.
func Gemm[T, R Elem](be Backend, s Shape, c []R, a, b []T) {
	switch a := any(a).(type) {
	case []float32:
		be.Gemm32(s, any(c).([]float32), a, any(b).([]float32))
	case []uint16:
		if c32, ok := any(c).([]float32); ok {
			be.Gemm16(s, c32, a, any(b).([]uint16))
		} else {
			be.Gemm16To16(s, any(c).([]uint16), a, any(b).([]uint16))
		}
	}
}

// Convert copies src into the backend's element type.
func Convert[T Elem](dst []T, src []float32) {
	switch d := any(dst).(type) {
	case []float32:
		copy(d, src)
	case []uint16:
		ToBF16(d, src)
	}
}
