package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The kernels for arm64 are written as text: avo knows amd64 only. A tile is some rows by neonColumns columns of C, a register for four columns of a
// row. A term of a row is multiplied out of a register that holds four of them, which Go's assembler has no name for (FMLA by element), so those
// instructions stand as words.

const (
	neonVectors = 4 // of columns
	neonRows    = 5 // of the highest tile: 20 sums, 5 registers of A and 4 of B
	neonTerms   = 4 // in a register of A
)

// The registers of a tile.
const (
	neonA = 20
	neonB = 25
)

// neon collects the text of a function.
type neon struct{ strings.Builder }

func (e *neon) line(format string, args ...any) { fmt.Fprintf(e, "\t"+format+"\n", args...) }

// multiply adds a[lane]·b to a sum, in one rounding.
func (e *neon) multiply(sum, b, a, lane int) {
	e.line("WORD $%#08x // FMLA V%d.4S, V%d.4S, V%d.S[%d]", 0x4f801000|a<<16|(lane&1)<<21|(lane>>1)<<11|b<<5|sum, sum, b, a, lane)
}

// plus adds a register to a sum.
func (e *neon) plus(sum, a, b int) {
	e.line("WORD $%#08x // FADD V%d.4S, V%d.4S, V%d.4S", 0x4e20d400|b<<16|a<<5|sum, sum, a, b)
}

// four lists the registers from first on, for loads and stores.
func four(first int) string {
	return fmt.Sprintf("[V%d.S4, V%d.S4, V%d.S4, V%d.S4]", first, first+1, first+2, first+3)
}

func (e *neon) clear(rows int) {
	for v := range rows * neonVectors {
		e.line("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v)
	}
}

// term multiplies one lane of all rows with the next row of B.
func (e *neon) term(rows, lane int) {
	e.line("VLD1.P 64(R7), %s", four(neonB))
	for r := range rows {
		for v := range neonVectors {
			e.multiply(r*neonVectors+v, neonB+v, neonA+r, lane)
		}
	}
}

// terms multiplies four terms of rows that lie along.
func (e *neon) terms(rows int) {
	for r := range rows {
		e.line("VLD1.P 16(R%d), [V%d.S4]", 2+r, neonA+r)
	}
	for lane := range neonTerms {
		e.term(rows, lane)
	}
}

// pointers puts where the rows of A begin into R2 and those behind it.
func (e *neon) pointers(rows int) {
	e.line("MOVD a+%d(FP), R2", 16)
	for r := 1; r < rows; r++ {
		e.line("ADD R9, R%d, R%d", 1+r, 2+r)
	}
}

// flushing sets the flag that takes subnormal operands and results for zeros, and clears the one that tells of results.
func (e *neon) flushing(label string) {
	e.line("MOVD FPCR, R14")
	e.line("CBZ R13, %s", label)
	e.line("ORR $(1<<24), R14, R15")
	e.line("MSR R15, FPCR")
	e.line("MSR ZR, FPSR")
	fmt.Fprintf(e, "%s:\n", label)
}

// tile is Σ over k terms for so many rows, from nothing or from what stands at from; with plus, C is added at the end.
func neonTile(rows int) (name, declaration, text string) {
	e := &neon{}
	name = fmt.Sprintf("Tile%d", rows)
	fmt.Fprintf(e, "\n// func %s\nTEXT ·%s(SB), NOSPLIT, $0-84\n", "NAME", name)
	e.line("MOVD c+0(FP), R0")
	e.line("MOVD from+8(FP), R1")
	e.line("MOVD b+24(FP), R7")
	e.line("MOVD k+32(FP), R8")
	e.line("MOVD ai+40(FP), R9")
	e.line("MOVD ak+48(FP), R10")
	e.line("MOVD ldc+56(FP), R11")
	e.line("MOVD ldfrom+64(FP), R12")
	e.line("MOVBU flush+73(FP), R13")
	e.pointers(rows)
	e.flushing("plain")
	e.line("CBZ R1, zero")
	for r := range rows {
		e.line("VLD1 (R1), %s", four(r*neonVectors))
		e.line("ADD R12, R1, R1")
	}
	e.line("B ready")
	fmt.Fprintln(e, "zero:")
	e.clear(rows)
	fmt.Fprintln(e, "ready:")
	e.line("CMP $4, R10")
	e.line("BNE single")
	e.line("SUBS $%d, R8, R8", neonTerms)
	e.line("BLT few")
	fmt.Fprintln(e, "along:")
	e.terms(rows)
	e.line("SUBS $%d, R8, R8", neonTerms)
	e.line("BGE along")
	fmt.Fprintln(e, "few:")
	e.line("ADD $%d, R8, R8", neonTerms)
	fmt.Fprintln(e, "single:")
	e.line("CBZ R8, done")
	fmt.Fprintln(e, "one:")
	for r := range rows {
		e.line("VLD1R.P (R%d)(R10), [V%d.S4]", 2+r, neonA+r)
	}
	e.term(rows, 0)
	e.line("SUBS $1, R8, R8")
	e.line("BNE one")
	fmt.Fprintln(e, "done:")
	e.line("MOVBU plus+72(FP), R15")
	for r := range rows {
		e.line("CBZ R15, store%d", r)
		e.line("VLD1 (R0), %s", four(neonB))
		for v := range neonVectors {
			e.plus(r*neonVectors+v, r*neonVectors+v, neonB+v)
		}
		fmt.Fprintf(e, "store%d:\n", r)
		e.line("VST1 %s, (R0)", four(r*neonVectors))
		e.line("ADD R11, R0, R0")
	}
	e.line("MOVD FPSR, R8")
	e.line("MSR R14, FPCR")
	e.line("MOVW R8, flags+80(FP)")
	e.line("RET")
	signature := fmt.Sprintf("%s(c, from, a, b *float32, k, ai, ak, ldc, ldfrom int, plus, flush bool) (flags uint32)", name)
	doc := fmt.Sprintf("%s computes %d rows and 16 columns of C from k terms: each sum starts from 0 or from what stands at from, and takes one fused multiply-add a\n"+
		"// term, in order; with plus, C is added to it. Strides are in bytes. With flush subnormals are zeros, and bit 3 of the result says that a sum became one.", name, rows)
	return name, "// " + doc + "\n//\n//go:noescape\nfunc " + signature + "\n", strings.Replace(e.String(), "NAME", signature, 1)
}

// neonSteps is neonTile in the order of bf16-tile: even and odd terms apart, 16 of each a step.
func neonSteps(rows int) (name, declaration, text string) {
	e := &neon{}
	name = fmt.Sprintf("Steps%d", rows)
	fmt.Fprintf(e, "\n// func %s\nTEXT ·%s(SB), NOSPLIT, $0-52\n", "NAME", name)
	e.line("MOVD sum+0(FP), R0")
	e.line("MOVD even+8(FP), R1")
	e.line("MOVD b+24(FP), R7")
	e.line("MOVD steps+32(FP), R8")
	e.line("MOVD ai+40(FP), R9")
	e.line("MOVD $1, R13")
	e.pointers(rows)
	e.flushing("ready")
	fmt.Fprintln(e, "step:")
	for half := range 2 {
		label := []string{"evens", "odds"}[half]
		e.clear(rows)
		e.line("MOVD $4, R10")
		fmt.Fprintf(e, "%s:\n", label)
		e.terms(rows)
		e.line("SUBS $1, R10, R10")
		e.line("BNE %s", label)
		if half == 0 {
			e.line("MOVD R1, R11")
			for r := range rows {
				e.line("VST1.P %s, 64(R11)", four(r*neonVectors))
			}
		}
	}
	e.line("MOVD R1, R11")
	e.line("MOVD R0, R12")
	for r := range rows {
		e.line("VLD1.P 64(R11), %s", four(neonB))
		for v := range neonVectors {
			e.plus(r*neonVectors+v, neonB+v, r*neonVectors+v)
		}
		e.line("VLD1 (R12), %s", four(neonB))
		for v := range neonVectors {
			e.plus(r*neonVectors+v, neonB+v, r*neonVectors+v)
		}
		e.line("VST1.P %s, 64(R12)", four(r*neonVectors))
	}
	e.line("SUBS $1, R8, R8")
	e.line("BNE step")
	e.line("MOVD FPSR, R8")
	e.line("MSR R14, FPCR")
	e.line("MOVW R8, flags+48(FP)")
	e.line("RET")
	signature := fmt.Sprintf("%s(sum, even, a, b *float32, steps, ai int) (flags uint32)", name)
	doc := fmt.Sprintf("%s adds steps of 32 terms to %d rows of 16 sums that lie together: first the 16 even terms of a step, then the odd ones, each from 0, then both to\n"+
		"// the sum. Rows of A are ai bytes apart, and even is room for as many sums. Subnormals are zeros, and bit 3 of the result says that a sum became one.", name, rows)
	return name, "// " + doc + "\n//\n//go:noescape\nfunc " + signature + "\n", strings.Replace(e.String(), "NAME", signature, 1)
}

// neonWiden makes n groups of four pairs of bf16 into float32.
func neonWiden() (declaration, text string) {
	e := &neon{}
	signature := "Widen(dst *float32, src *uint16, groups int, odd bool)"
	fmt.Fprintf(e, "\n// func %s\nTEXT ·Widen(SB), NOSPLIT, $0-25\n", signature)
	e.line("MOVD dst+0(FP), R0")
	e.line("MOVD src+8(FP), R1")
	e.line("MOVD groups+16(FP), R2")
	e.line("MOVBU odd+24(FP), R3")
	fmt.Fprintln(e, "group:")
	e.line("VLD1.P 16(R1), [V0.H8]")
	e.line("CBZ R3, even")
	e.line("VREV32 V0.H8, V0.H8")
	fmt.Fprintln(e, "even:")
	e.line("WORD $%#08x // SHLL V1.4S, V0.4H, #16", 0x2e613800|0<<5|1)
	e.line("WORD $%#08x // SHLL2 V2.4S, V0.8H, #16", 0x6e613800|0<<5|2)
	e.line("VST1.P [V1.S4, V2.S4], 32(R0)")
	e.line("SUBS $1, R2, R2")
	e.line("BNE group")
	e.line("RET")
	return "// Widen makes groups of four pairs of bf16 into float32, with odd the second of a pair first.\n//\n//go:noescape\nfunc " + signature + "\n", e.String()
}

// neonApart makes n blocks of 16 pairs of bf16 into float32: the even terms, and the odd ones.
func neonApart() (declaration, text string) {
	e := &neon{}
	signature := "Apart(even, odd *float32, src *uint16, n, from, to int)"
	fmt.Fprintf(e, "\n// func %s\nTEXT ·Apart(SB), NOSPLIT, $0-48\n", signature)
	for i, name := range []string{"even", "odd", "src", "n", "from", "to"} {
		e.line("MOVD %s+%d(FP), R%d", name, 8*i, i)
	}
	e.line("VEOR V12.B16, V12.B16, V12.B16")
	fmt.Fprintln(e, "block:")
	e.line("VLD1 (R2), %s", four(0))
	for v := range neonVectors {
		e.line("VTRN1 V%d.H8, V12.H8, V%d.H8", v, 4+v)
		e.line("VTRN2 V%d.H8, V12.H8, V%d.H8", v, 8+v)
	}
	e.line("VST1 %s, (R0)", four(4))
	e.line("VST1 %s, (R1)", four(8))
	e.line("ADD R4, R2, R2")
	e.line("ADD R5, R0, R0")
	e.line("ADD R5, R1, R1")
	e.line("SUBS $1, R3, R3")
	e.line("BNE block")
	e.line("RET")
	return "// Apart makes n blocks of 16 pairs of bf16 into float32, the even terms apart from the odd ones. Blocks are from bytes apart, and to bytes when they are wide.\n//\n//go:noescape\nfunc " + signature + "\n", e.String()
}

// writeNEON writes the package for arm64.
func writeNEON(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	stubs := header + "\n// Package neon holds kernels in assembly for processors of arm64.\npackage neon\n"
	text := header + "\n#include \"textflag.h\"\n"
	add := func(declaration, code string) { stubs, text = stubs+"\n"+declaration, text+code }
	for _, rows := range []int{neonRows, 3, 2, 1} {
		_, declaration, code := neonTile(rows)
		add(declaration, code)
	}
	for _, rows := range []int{neonRows, 3, 2, 1} {
		_, declaration, code := neonSteps(rows)
		add(declaration, code)
	}
	add(neonWiden())
	add(neonApart())
	if err := os.WriteFile(filepath.Join(folder, "tile_arm64.s"), []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "asm_arm64.go"), []byte(stubs), 0o644)
}
