package blocks

import (
	"encoding/binary"
	"math"

	"slm/model/kernel"
)

// Blocks of few bits. Scales are searched: a candidate rounds the values to whole numbers, for which the best scale (and least) are the solution of
// weighted least squares, and the candidate with the least error wins. Values count by their size, as the large ones carry most of a product:
// that is the scheme of ggml's quantize_row functions, with other candidates. Everything is in float64, and no step is fused.

// writeQ50: scale, the fifth bits, the lower four; less 16.
func writeQ50(out []byte, x []float32) []byte {
	scale := kernel.ToHalf(float32(scaleOf(x, 16)))
	var q [small]byte
	d := float64(kernel.FromHalf(scale))
	fifth := uint32(0)
	for j, v := range x {
		q[j] = byte(nearest(v, d, 16) + 16)
		fifth |= uint32(q[j]>>4) << j
	}
	out = binary.LittleEndian.AppendUint16(out, scale)
	out = binary.LittleEndian.AppendUint32(out, fifth)
	for j := range small / 2 {
		out = append(out, q[j]&15|q[j+small/2]<<4)
	}
	return out
}

// writeQ6K is widenQ6K the other way round.
func writeQ6K(out []byte, x []float32) []byte {
	var own [super / 16]float64
	largest := 0.0
	for i := range own {
		own[i] = scaleOf(x[16*i:16*i+16], 32)
		if math.Abs(own[i]) > math.Abs(largest) {
			largest = own[i]
		}
	}
	factor := kernel.ToHalf(float32(-largest / 128))
	unit := float64(kernel.FromHalf(factor))
	var lower [super / 2]byte
	var upper [super / 4]byte
	var scales [super / 16]byte
	for i, s := range own {
		whole := 0
		if unit != 0 {
			whole = int(max(-128, min(127, math.RoundToEven(s/unit))))
		}
		scales[i] = byte(int8(whole))
		for j := 16 * i; j < 16*i+16; j++ {
			q := byte(nearest(x[j], unit*float64(whole), 32) + 32)
			part, line, column := j/128, j%128/32, j%32
			lower[part*64+line%2*32+column] |= q & 15 << (line / 2 * 4)
			upper[part*32+column] |= q >> 4 << (line * 2)
		}
	}
	out = append(append(append(out, lower[:]...), upper[:]...), scales[:]...)
	return binary.LittleEndian.AppendUint16(out, factor)
}

// writeQ4K is widenQ4K the other way round.
func writeQ4K(out []byte, x []float32) []byte {
	var scales, leasts [super / small]float64
	mostScale, mostLeast := 0.0, 0.0
	for i := range scales {
		scales[i], leasts[i] = scaleAndLeast(x[small*i:small*i+small], 15)
		mostScale, mostLeast = max(mostScale, scales[i]), max(mostLeast, leasts[i])
	}
	scale, least := kernel.ToHalf(float32(mostScale/63)), kernel.ToHalf(float32(mostLeast/63))
	units := [2]float64{float64(kernel.FromHalf(scale)), float64(kernel.FromHalf(least))}
	var packed [12]byte
	var quants [super / 2]byte
	for i := range scales {
		s, m := sixBitsOf(scales[i], units[0]), sixBitsOf(leasts[i], units[1])
		if i < 4 {
			packed[i], packed[i+4] = s, m
		} else {
			packed[i+4] = s&15 | m<<4
			packed[i-4] |= s >> 4 << 6
			packed[i] |= m >> 4 << 6
		}
		d, off := float64(units[0]*float64(s)), float64(units[1]*float64(m))
		for j, v := range x[small*i : small*i+small] {
			q := 0.0
			if d != 0 {
				q = max(0, min(15, math.RoundToEven((float64(v)+off)/d)))
			}
			quants[i/2*small+j] |= byte(q) << (i % 2 * 4)
		}
	}
	out = binary.LittleEndian.AppendUint16(out, scale)
	out = binary.LittleEndian.AppendUint16(out, least)
	return append(append(out, packed[:]...), quants[:]...)
}

// sixBitsOf is v in units, of 6 bits.
func sixBitsOf(v, unit float64) byte {
	if unit == 0 {
		return 0
	}
	return byte(max(0, min(63, math.RoundToEven(v/unit))))
}

// nearest is v in scales d, from -most up to most-1.
func nearest(v float32, d float64, most int) int {
	if d == 0 {
		return 0
	}
	return int(max(float64(-most), min(float64(most-1), math.RoundToEven(float64(v)/d))))
}

// scaleOf searches d so that d·q is near x, with whole q from -most up to most-1. The value of the largest size becomes -most or nearly that, so that d may be
// negative. A value weighs as its square.
func scaleOf(x []float32, most int) float64 {
	largest := 0.0
	for _, v := range x {
		if a := float64(v); math.Abs(a) > math.Abs(largest) {
			largest = a
		}
	}
	if largest == 0 || math.IsNaN(largest) || math.IsInf(largest, 0) {
		return 0
	}
	best, scale := -1.0, 0.0
	for step := -9; step <= 9; step++ {
		d := largest / -(float64(most) + float64(step)/10)
		xq, qq := 0.0, 0.0
		for _, v := range x {
			q, w := float64(nearest(v, d, most)), float64(v)*float64(v)
			xq += float64(w * float64(float64(v)*q))
			qq += float64(w * float64(q*q))
		}
		if qq > 0 && xq*xq > best*qq { // the part of x that d·q explains
			best, scale = xq*xq/qq, xq/qq
		}
	}
	return scale
}

// scaleAndLeast searches d and m, neither negative, so that d·q − m is near x, with whole q from 0 up to most.
func scaleAndLeast(x []float32, most float64) (d, m float64) {
	low, high, square := 0.0, math.Inf(-1), 0.0
	for _, v := range x {
		low, high = min(low, float64(v)), max(high, float64(v))
		square += float64(float64(v) * float64(v))
	}
	if !(high > low) || math.IsInf(high-low, 0) {
		return 0, -low
	}
	mean := math.Sqrt(square / float64(len(x)))
	quantised := func(d, m float64) (q [small]float64, failed float64) {
		for i, v := range x {
			q[i] = max(0, min(most, math.RoundToEven((float64(v)+m)/d)))
			e := float64(d*q[i]) - m - float64(v)
			failed += float64((mean + math.Abs(float64(v))) * float64(e*e))
		}
		return q, failed
	}
	d, m = (high-low)/most, -low
	_, least := quantised(d, m)
	for step := -10; step <= 10; step++ {
		q, _ := quantised((high-low)/(most+float64(step)/10), -low)
		w, wq, wqq, wx, wxq := 0.0, 0.0, 0.0, 0.0, 0.0
		for i, v := range x {
			weight, value := mean+math.Abs(float64(v)), float64(v)
			w += weight
			wq += float64(weight * q[i])
			wqq += float64(weight * float64(q[i]*q[i]))
			wx += float64(weight * value)
			wxq += float64(weight * float64(value*q[i]))
		}
		det := float64(w*wqq) - float64(wq*wq)
		if det <= 0 {
			continue
		}
		newD, newM := (float64(w*wxq)-float64(wx*wq))/det, (float64(wq*wxq)-float64(wqq*wx))/det
		if newM < 0 { // a least value is never above 0
			newD, newM = wxq/wqq, 0
		}
		if newD <= 0 {
			continue
		}
		if _, failed := quantised(newD, newM); failed < least {
			d, m, least = newD, newM, failed
		}
	}
	return d, m
}
