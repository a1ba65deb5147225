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

// Percent prints a fraction as a percentage without decimals, or with one below the first percent and above the last but one. The space does not break.
func Percent(x float64) string {
	p := 100 * x
	if a := math.Abs(p); (a > 0.05 && a < 1) || (a > 99 && a < 99.95) {
		return Minus(strconv.FormatFloat(p, 'f', 1, 64)) + "\u00a0%"
	}
	return Minus(strconv.FormatFloat(math.Round(p)+0, 'f', 0, 64)) + "\u00a0%"
}

// Between is an interval of fractions as percentages.
func Between(low, high float64) string { return Percent(low) + " – " + Percent(high) }

// Decimals prints a figure between 0 and 1 as papers do: .43.
func Decimals(x float64) string { return strings.TrimPrefix(strconv.FormatFloat(x, 'f', 2, 64), "0") }

// PValue is a p value as papers print it.
func PValue(p float64) string {
	if p < .001 {
		return "< .001"
	}
	return strings.TrimPrefix(strconv.FormatFloat(p, 'f', 3, 64), "0")
}
