package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Costs are the things that comparisons at equal cost can hold equal.
var Costs = []string{"tokens", "calls", "seconds", "usd"}

// Equal is a curve's value at the largest cost that every unit with such a curve has reached, each by straight lines between its points.
type Equal struct {
	Variant string  `json:"variant"`
	Seed    uint64  `json:"seed"`
	Stage   string  `json:"stage"`
	Figure  string  `json:"figure"`
	Cost    string  `json:"cost"` // what is held equal
	At      float64 `json:"at"`
	Value   float64 `json:"value"`
	Spent   float64 `json:"spent"` // by the whole stage
}

// cost is what a point had taken.
func (p Point) cost(of string) float64 {
	return map[string]float64{"tokens": p.Tokens, "calls": p.Calls, "seconds": p.Seconds, "usd": p.USD}[of]
}

// at is a curve's value at a cost; false outside its points.
func (c Curve) at(of string, cost float64) (float64, bool) {
	for i, p := range c.Points {
		switch x := p.cost(of); {
		case x == cost:
			return p.Value, true
		case x > cost && i > 0:
			before := c.Points[i-1]
			share := (cost - before.cost(of)) / (x - before.cost(of))
			return before.Value + float64(share*(p.Value-before.Value)), true
		case x > cost:
			return 0, false
		}
	}
	return 0, false
}

// equalCost compares the curves that measured a cost.
func equalCost(e *Experiment, of string) (out []Equal) {
	if of == "" {
		return nil
	}
	reach := map[string]float64{} // by stage and figure
	spent := func(c Curve) float64 { return c.Points[len(c.Points)-1].cost(of) }
	each := func(do func(u Unit, c Curve)) {
		for _, u := range e.Units {
			for _, c := range u.Curves {
				if len(c.Points) > 0 && spent(c) > 0 {
					do(u, c)
				}
			}
		}
	}
	each(func(_ Unit, c Curve) {
		name := c.Stage + " " + c.Figure
		if old, ok := reach[name]; !ok || spent(c) < old {
			reach[name] = spent(c)
		}
	})
	each(func(u Unit, c Curve) {
		cost := reach[c.Stage+" "+c.Figure]
		if v, ok := c.at(of, cost); ok {
			out = append(out, Equal{u.Variant, u.Seed, c.Stage, c.Figure, of, cost, v, spent(c)})
		}
	})
	return out
}

// unequal lists the costs of training that differ between variants by more than a twentieth, as means over their seeds.
func (e *Experiment) unequal() (out []string) {
	for _, cost := range Costs {
		var parts []string
		var values []float64
		for _, v := range e.Variants {
			sum, n := 0.0, 0.0
			for _, u := range e.Units {
				if x, ok := u.Cost.of(cost); ok && u.Variant == v.Name && u.Failed == "" {
					sum, n = sum+x, n+1
				}
			}
			if n > 0 {
				values = append(values, sum/n)
				parts = append(parts, v.Name+" "+amount(sum/n))
			}
		}
		if len(values) > 1 && slices.Max(values) > float64(1.05*slices.Min(values))+1e-9 && !math.IsNaN(values[0]) {
			out = append(out, cost+": "+strings.Join(parts, ", "))
		}
	}
	return out
}

// of is one of Costs; false where it was not measured.
func (c Cost) of(name string) (float64, bool) {
	switch {
	case name == "tokens" && c.Tokens != nil:
		return float64(*c.Tokens), true
	case name == "calls" && c.Calls != nil:
		return float64(*c.Calls), true
	case name == "seconds" && c.Seconds != nil:
		return *c.Seconds, true
	case name == "usd" && c.USD != nil:
		return *c.USD, true
	}
	return 0, false
}

// amount is a cost in a sentence: three digits of what is small, whole numbers of what is not.
func amount(x float64) string {
	if math.Abs(x) < 100 {
		return fmt.Sprintf("%.3g", x)
	}
	return fmt.Sprintf("%.0f", x)
}
