package gguf

import (
	"bytes"
	"encoding/binary"
	"math"

	"slm/model/blocks"
)

// writer makes GGUF files for tests. It checks nothing: it can write what is wrong.
type writer struct {
	version        uint32
	pairs          bytes.Buffer
	infos          bytes.Buffer
	data           bytes.Buffer
	npairs, ninfos uint64
	alignment      int
}

func newWriter() *writer { return &writer{version: 3, alignment: defaultAlignment} }

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			put(b, uint64(len(s)))
			b.WriteString(s)
			continue
		}
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err) // a test that writes what has no size
		}
	}
}

// meta adds a pair; the kind follows from the Go type.
func (w *writer) meta(key string, value any) *writer {
	w.npairs++
	put(&w.pairs, key)
	switch v := value.(type) {
	case []string:
		put(&w.pairs, uint32(kindArray), uint32(kindString), uint64(len(v)))
		for _, s := range v {
			put(&w.pairs, s)
		}
	case []int32:
		put(&w.pairs, uint32(kindArray), uint32(kindI32), uint64(len(v)), v)
	case []float32:
		put(&w.pairs, uint32(kindArray), uint32(kindF32), uint64(len(v)), v)
	case []bool:
		put(&w.pairs, uint32(kindArray), uint32(kindBool), uint64(len(v)), v)
	case []uint16:
		put(&w.pairs, uint32(kindArray), uint32(kindU16), uint64(len(v)), v)
	default:
		put(&w.pairs, kindOf(value), value)
	}
	return w
}

func kindOf(v any) uint32 {
	switch v.(type) {
	case uint8:
		return kindU8
	case int8:
		return kindI8
	case uint16:
		return kindU16
	case int16:
		return kindI16
	case uint32:
		return kindU32
	case int32:
		return kindI32
	case float32:
		return kindF32
	case bool:
		return kindBool
	case string:
		return kindString
	case uint64:
		return kindU64
	case int64:
		return kindI64
	}
	return kindF64
}

// tensor adds a tensor with its raw bytes; shape is row-major.
func (w *writer) tensor(name string, t blocks.Type, shape []int, raw []byte) *writer {
	for w.data.Len()%w.alignment != 0 {
		w.data.WriteByte(0)
	}
	w.info(name, t, shape, uint64(w.data.Len()))
	w.data.Write(raw)
	return w
}

func (w *writer) info(name string, t blocks.Type, shape []int, offset uint64) *writer {
	w.ninfos++
	put(&w.infos, name, uint32(len(shape)))
	for i := len(shape) - 1; i >= 0; i-- {
		put(&w.infos, uint64(shape[i]))
	}
	put(&w.infos, uint32(t), offset)
	return w
}

func (w *writer) bytes() []byte {
	var b bytes.Buffer
	put(&b, uint32(magic), w.version, w.ninfos, w.npairs)
	b.Write(w.pairs.Bytes())
	b.Write(w.infos.Bytes())
	if w.ninfos > 0 {
		for b.Len()%w.alignment != 0 {
			b.WriteByte(0)
		}
	}
	b.Write(w.data.Bytes())
	return b.Bytes()
}

// floats is a tensor's raw bytes in float32.
func floats(values ...float32) []byte {
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}
