// Package elementary has the elementary functions of package math with the same bits on every processor. Those of math differ: some are assembly on
// one processor and Go on another, and the compiler fuses x·y + z where the processor can. Here each step is one operation of IEEE 754 on float64,
// rounded to nearest even, and what is fused is written as math.FMA.
//
// Errors in units in the last place stand in docs/numerics.md; a test compares each function with references of 200 bits. Special cases are those of
// package math unless a function says otherwise.
package elementary

import "math"

// A product that is added to something stands in float64(…): without it the compiler may fuse both.

// ln 2 in two parts: the product of the first with a whole number below 2²⁰ is exact.
const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// twoSum is a + b and what rounding took from it, |a| ≥ |b| or a = 0 (Dekker 1971).
func twoSum(a, b float64) (sum, rest float64) {
	sum = a + b
	return sum, b - (sum - a)
}

// anySum is a + b and what rounding took from it (Knuth, TAOCP 2, 4.2.2).
func anySum(a, b float64) (sum, rest float64) {
	sum = a + b
	t := sum - a
	return sum, (a - (sum - t)) + (b - t)
}

// product is a·b and what rounding took from it.
func product(a, b float64) (p, rest float64) {
	p = float64(a * b)
	return p, math.FMA(a, b, -p)
}
