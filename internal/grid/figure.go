package grid

import (
	"math"
	"strconv"
	"strings"
)

// Minus sets a proper minus sign.
func Minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// Points is a difference of fractions in percentage points, with one decimal.
func Points(x float64) string {
	p := math.Round(1000*x) / 10
	return Minus(strconv.FormatFloat(p+0, 'f', 1, 64))
}

// PValue is a p value as papers print it.
func PValue(p float64) string {
	if p < .001 {
		return "< .001"
	}
	return strings.TrimPrefix(strconv.FormatFloat(p, 'f', 3, 64), "0")
}
