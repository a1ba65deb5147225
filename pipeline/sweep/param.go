package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"slm/internal/elementary"
	"slm/optim/bayes"
	"slm/pipeline/study"
)

// Param is a key of the recipe that is searched.
type Param struct {
	Key    string   `json:"key"`
	Scale  string   `json:"scale"` // log, linear, int, choice
	Low    float64  `json:"low,omitempty"`
	High   float64  `json:"high,omitempty"`
	Values []string `json:"values,omitempty"` // of a choice
	Whole  bool     `json:"whole,omitempty"`  // the key takes whole numbers
}

// Scales of a parameter.
const (
	scaleLog    = "log"
	scaleLinear = "linear"
	scaleInt    = "int"
	scaleChoice = "choice"
)

// wantParam is what a parameter looks like.
const wantParam = "want KEY=log(1e-4,1e-2), KEY=linear(0,1), KEY=int(1,8) or KEY={128,256,384}"

// ParseParam reads KEY=RANGE.
func ParseParam(text string) (Param, error) {
	key, rest, ok := strings.Cut(text, "=")
	p := Param{Key: strings.TrimSpace(key)}
	rest = strings.TrimSpace(rest)
	if !ok || p.Key == "" {
		return p, fmt.Errorf("%s", wantParam)
	}
	if inner, ok := strings.CutPrefix(rest, "{"); ok && strings.HasSuffix(inner, "}") {
		p.Scale = scaleChoice
		for _, v := range study.Values(strings.TrimSuffix(inner, "}")) {
			v = strings.TrimSpace(v)
			if v == "" || slices.Contains(p.Values, v) {
				return p, fmt.Errorf("a value is empty or stands twice")
			}
			p.Values = append(p.Values, v)
		}
		if len(p.Values) < 2 {
			return p, fmt.Errorf("one value is no choice")
		}
		return p, nil
	}
	name, inner, ok := strings.Cut(rest, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	p.Scale = name
	ends := strings.Split(inner, ",")
	if !ok || !closed || len(ends) != 2 || !slices.Contains([]string{scaleLog, scaleLinear, scaleInt}, name) {
		return p, fmt.Errorf("%s", wantParam)
	}
	for i, at := range []*float64{&p.Low, &p.High} {
		v, err := strconv.ParseFloat(strings.TrimSpace(ends[i]), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return p, fmt.Errorf("%q is no number", strings.TrimSpace(ends[i]))
		}
		*at = v
	}
	p.Whole = name == scaleInt
	switch {
	case !(p.Low < p.High):
		return p, fmt.Errorf("%g is not below %g", p.Low, p.High)
	case name == scaleLog && p.Low <= 0:
		return p, fmt.Errorf("a logarithm begins above 0")
	case name == scaleInt && (p.Low != math.Trunc(p.Low) || p.High != math.Trunc(p.High)):
		return p, fmt.Errorf("int is between whole numbers")
	}
	return p, nil
}

// String is the parameter as it was given.
func (p Param) String() string {
	if p.Scale == scaleChoice {
		return p.Key + "={" + strings.Join(p.Values, ",") + "}"
	}
	return fmt.Sprintf("%s=%s(%g,%g)", p.Key, p.Scale, p.Low, p.High)
}

// fewLevels is up to how many whole numbers are levels of their own; more are a scale that is rounded.
const fewLevels = 33

// levels are the values of a parameter that takes few; nil of a continuous one.
func (p Param) levels() []string {
	if p.Scale == scaleChoice {
		return p.Values
	}
	if p.Scale != scaleInt || p.High-p.Low >= fewLevels {
		return nil
	}
	var out []string
	for v := p.Low; v <= p.High; v++ {
		out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
	}
	return out
}

// Dim is the parameter's coordinate. A choice among numbers that rise has an order; any other has none.
func (p Param) Dim() bayes.Dim {
	levels := p.levels()
	rising, last := true, math.Inf(-1)
	for _, text := range levels {
		v, err := strconv.ParseFloat(text, 64)
		rising, last = rising && err == nil && v > last, v
	}
	return bayes.Dim{Levels: len(levels), Nominal: len(levels) > 0 && !rising}
}

// digits is how exact a value is that is tried: a recipe is to be read.
const digits = 3

// At is the value at a coordinate in [-1,1], as a recipe has it.
func (p Param) At(z float64) string {
	if levels := p.levels(); levels != nil {
		return levels[p.Dim().Level(z)]
	}
	u := (z + 1) / 2
	v := p.Low + float64(u*(p.High-p.Low))
	if p.Scale == scaleLog {
		v = elementary.Exp(elementary.Log(p.Low) + float64(u*(elementary.Log(p.High)-elementary.Log(p.Low))))
	}
	if p.Whole {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64) // what was formatted is read back
	return strconv.FormatFloat(min(p.High, max(p.Low, rounded)), 'g', -1, 64)
}

// Coordinate is where a value lies; false outside of what is searched.
func (p Param) Coordinate(value string) (float64, bool) {
	v, err := strconv.ParseFloat(value, 64)
	for i, text := range p.levels() {
		if w, werr := strconv.ParseFloat(text, 64); text == value || err == nil && werr == nil && v == w {
			return p.Dim().At(i), true
		}
	}
	if err != nil || p.levels() != nil || v < p.Low || v > p.High {
		return 0, false
	}
	u := (v - p.Low) / (p.High - p.Low)
	if p.Scale == scaleLog {
		u = (elementary.Log(v) - elementary.Log(p.Low)) / (elementary.Log(p.High) - elementary.Log(p.Low))
	}
	return 2*u - 1, true
}
