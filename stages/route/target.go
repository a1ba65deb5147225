package route

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Unit is what a router saves.
type Unit string

// The units.
const (
	Calls Unit = "calls" // of the LLM for a question
	USD   Unit = "usd"   // for a question
)

// Target is what a router is to reach: a quality at the lowest cost, or the highest quality within a cost.
type Target struct {
	Quality float64 // share of the quality of the best single system; 0 = the highest within
	Most    float64 // of Unit, for a question
	Unit    Unit
}

// ErrTarget says that a text names no target.
var ErrTarget = errors.New(`a target is "quality 99 %", "usd 1/1000" or "calls 0.5", the last two for a question`)

// Parse reads "quality 99 %", "usd 1/1000" (a thousandth of a dollar for a question) or "calls 0.5".
func Parse(text string) (Target, error) {
	what, rest, _ := strings.Cut(strings.TrimSpace(strings.ToLower(text)), " ")
	number, percent := strings.CutSuffix(strings.TrimSpace(rest), "%")
	above, below, fraction := strings.Cut(number, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(above), 64)
	if fraction && err == nil {
		var by float64
		by, err = strconv.ParseFloat(strings.TrimSpace(below), 64)
		v /= by
	}
	if percent {
		v /= 100
	}
	switch {
	case err != nil || !(v >= 0 && v < 1e6):
	case what == "quality" && v > 0 && v <= 1:
		return Target{Quality: v}, nil
	case (what == string(Calls) || what == string(USD)) && !percent:
		return Target{Most: v, Unit: Unit(what)}, nil
	}
	return Target{}, fmt.Errorf("%q: %w", text, ErrTarget)
}

// String is the target as Parse reads it.
func (t Target) String() string {
	if t.Quality > 0 {
		return "quality " + strconv.FormatFloat(t.Quality*100, 'g', 6, 64) + " %"
	}
	return string(t.Unit) + " " + strconv.FormatFloat(t.Most, 'g', -1, 64)
}
