package main

import (
	"encoding/binary"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// raw emits the bytes of an instruction that Go's assembler does not know.
func (e *emitter) raw(code ...byte) { e.coded(nil, nil, code...) }

// coded is raw with the registers that the instruction reads and writes.
func (e *emitter) coded(in, out []operand.Op, code ...byte) {
	for first := true; len(code) > 0; first = false {
		one := &ir.Instruction{}
		n := 0
		switch le := binary.LittleEndian; {
		case len(code) >= 8:
			n, one.Opcode, one.Operands = 8, "QUAD", []operand.Op{operand.U64(le.Uint64(code))}
		case len(code) >= 4:
			n, one.Opcode, one.Operands = 4, "LONG", []operand.Op{operand.U32(le.Uint32(code))}
		case len(code) >= 2:
			n, one.Opcode, one.Operands = 2, "WORD", []operand.Op{operand.U16(le.Uint16(code))}
		default:
			n, one.Opcode, one.Operands = 1, "BYTE", []operand.Op{operand.U8(code[0])}
		}
		if first {
			one.Inputs = in
		}
		if code = code[n:]; len(code) == 0 {
			one.Outputs = out
		}
		e.Instruction(one)
	}
}

// The VEX prefixes (pp) that tell TILELOADD from TILESTORED.
const (
	tileLoad  = 0x7b // F2
	tileStore = 0x7a // F3
)

// tile encodes TILELOADD or TILESTORED of tile t at disp(base)(stride*1).
func (e *emitter) tile(prefix byte, t int, base, stride reg.GPPhysical, disp int) {
	b, x := byte(base.PhysicalIndex()), byte(stride.PhysicalIndex())
	// The two high register bits stand inverted beside the opcode map 0F38.
	e.raw(0xc4, 0xe2^x>>3<<6^b>>3<<5, prefix, 0x4b, 0x84|byte(t)<<3, x&7<<3|b&7,
		byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
}

// product encodes TDPBF16PS: sums += a·b.
func (e *emitter) product(sums, a, b int) {
	e.raw(0xc4, 0xe2, 0x02|byte(^b&15)<<3, 0x5c, 0xc0|byte(sums)<<3|byte(a))
}

// tileMove is tile that says what it reads.
func (e *emitter) tileMove(prefix byte, t int, base, stride reg.GPPhysical, disp int) {
	b, x := byte(base.PhysicalIndex()), byte(stride.PhysicalIndex())
	e.coded([]operand.Op{base, stride}, nil, 0xc4, 0xe2^x>>3<<6^b>>3<<5, prefix, 0x4b, 0x84|byte(t)<<3, x&7<<3|b&7,
		byte(disp), byte(disp>>8), byte(disp>>16), byte(disp>>24))
}

// tileZero encodes TILEZERO, startTiles and endTiles LDTILECFG and TILERELEASE.
func (e *emitter) tileZero(t int) { e.raw(0xc4, 0xe2, 0x7b, 0x49, 0xc0|byte(t)<<3) }

func (e *emitter) startTiles() {
	e.LEAQ(e.tileConfig(), reg.RAX)
	e.coded([]operand.Op{reg.RAX}, nil, 0xc4, 0xe2, 0x78, 0x49, 0x00)
}

func (e *emitter) endTiles() { e.raw(0xc4, 0xe2, 0x78, 0x49, 0xc0) }

// convertPair encodes VCVTNE2PS2BF16: to = lower rounded to bf16, and upper above it.
func (e *emitter) convertPair(lower, upper, to reg.VecPhysical) {
	l, u, t := byte(lower.PhysicalIndex()), byte(upper.PhysicalIndex()), byte(to.PhysicalIndex())
	e.coded([]operand.Op{lower, upper}, []operand.Op{to},
		0x62, (^t&8)<<4|(^l&16)<<2|(^l&8)<<2|(^t&16)|2, (^u&15)<<3|7, 0x40|(^u&16)>>1, 0x72, 0xc0|t&7<<3|l&7)
}

// dotPairs encodes VDPBF16PS: sum += x·y in pairs of terms.
func (e *emitter) dotPairs(x, y, sum reg.Register) {
	a, b, s := byte(x.(reg.VecPhysical).PhysicalIndex()), byte(y.(reg.VecPhysical).PhysicalIndex()), byte(sum.(reg.VecPhysical).PhysicalIndex())
	e.coded([]operand.Op{x, y, sum}, []operand.Op{sum},
		0x62, (^s&8)<<4|(^b&16)<<2|(^b&8)<<2|(^s&16)|2, (^a&15)<<3|6, 0x40|(^a&16)>>1, 0x52, 0xc0|s&7<<3|b&7)
}

// tileConfig is the configuration of eight tiles of 16 rows of 64 bytes.
func (e *emitter) tileConfig() operand.Mem {
	const name = "tileConfig"
	if !e.constants[name] {
		e.constants[name] = true
		e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		e.AddDatum(0, operand.U64(1)) // palette 1
		e.AddDatum(8, operand.U64(0))
		for at := 16; at < 32; at += 8 {
			e.AddDatum(at, operand.U64(0x0040004000400040)) // 64 bytes a row
		}
		e.AddDatum(32, operand.U64(0))
		e.AddDatum(40, operand.U64(0))
		e.AddDatum(48, operand.U64(0x1010101010101010)) // 16 rows
		e.AddDatum(56, operand.U64(0))
	}
	return operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
}
