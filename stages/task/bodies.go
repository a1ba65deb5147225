package task

import (
	"fmt"
	"slices"
	"strconv"

	"slm/internal/grid"
	"slm/result"
	"slm/stages"
	"slm/stat"
)

// CodeFile holds what bodies of functions come to.
const CodeFile = "code.json"

// Bodies is the figures of code on the test functions. Those with intervals are means over functions; packages are drawn.
type Bodies struct {
	Most      int            `json:"most"` // tokens of a body
	Test      int            `json:"test"` // functions that are counted
	Packages  int            `json:"packages"`
	Left      map[string]int `json:"left"` // functions that are not, by reason
	Toolchain string         `json:"toolchain"`
	Systems   []CodeWay      `json:"systems"`
	// Read is the small model less its twin: what reading the corpus is worth. nil = there was no twin.
	Read *result.Range `json:"model_over_twin"`
	// Box is the small model less the black box on the same functions; nil = it was not asked.
	Box *result.Range `json:"model_over_black_box"`
}

// CodeWay is one way to write bodies.
type CodeWay struct {
	System    string         `json:"system"`
	Functions int            `json:"functions"` // that it has written, of Test
	Compiles  result.Range   `json:"compiles"`
	Passes    result.Range   `json:"passes"`
	Over      *result.Range  `json:"over_nearest"` // passes less those of the nearest known function's body; nil = it is that
	Exact     float64        `json:"exact"`        // share with the tokens of the function's own
	F1        float64        `json:"f1"`
	Verdicts  map[string]int `json:"verdicts"`
}

// scored is what a system has of one measure, by function.
type scored map[string]float64

// bodiesOf computes the figures.
func bodiesOf(rows []Body, seed uint64) (*Bodies, error) {
	out := &Bodies{}
	passing, pkg := map[string]scored{}, map[string]string{}
	var names []string
	for _, r := range rows {
		if passing[r.System] == nil {
			passing[r.System] = scored{}
			names = append(names, r.System)
		}
		passing[r.System][r.ID], pkg[r.ID] = share(r.Passes()), r.Package
	}
	var err error
	keep := func(s scored) (r result.Range) {
		i, wrong := clustered(s, pkg, seed)
		if err == nil {
			err = wrong
		}
		return result.Range(i)
	}
	less := func(a, b string) *result.Range {
		d := scored{}
		for id, x := range passing[a] {
			if y, ok := passing[b][id]; ok {
				d[id] = x - y
			}
		}
		if len(d) == 0 {
			return nil
		}
		r := keep(d)
		return &r
	}
	for _, name := range names {
		way := CodeWay{System: name, Functions: len(passing[name]), Passes: keep(passing[name]), Verdicts: map[string]int{}}
		compiles := scored{}
		for _, r := range rows {
			if r.System == name {
				compiles[r.ID] = share(r.Compiles())
				way.Verdicts[r.Verdict]++
				way.Exact += share(r.Exact) / float64(way.Functions)
				way.F1 += r.F1 / float64(way.Functions)
			}
		}
		way.Compiles = keep(compiles)
		if name != Like {
			way.Over = less(name, Like)
		}
		out.Systems = append(out.Systems, way)
	}
	out.Read, out.Box = less(Model, Twin), less(Model, Alone)
	out.Test, out.Packages = len(passing[Itself]), len(clustersOf(passing[Itself], pkg))
	return out, err
}

func share(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// clustersOf are the values of functions by their package, in the order of the packages.
func clustersOf(s scored, pkg map[string]string) [][]float64 {
	by := map[string][]float64{}
	for id, x := range s {
		by[pkg[id]] = append(by[pkg[id]], x)
	}
	var names []string
	for name := range by {
		names = append(names, name)
	}
	slices.Sort(names)
	var out [][]float64
	for _, name := range names {
		slices.Sort(by[name]) // a sum has one order
		out = append(out, by[name])
	}
	return out
}

// clustered is the mean over functions, with an interval of which packages are drawn: functions of one have much in common.
func clustered(s scored, pkg map[string]string, seed uint64) (stat.Interval, error) {
	clusters := clustersOf(s, pkg)
	return stat.Resample(len(clusters), drawn(seed), func(times []float64) float64 {
		var sum, n float64
		for i, c := range clusters {
			for _, x := range c {
				sum += float64(times[i] * x)
			}
			n += times[i] * float64(len(c))
		}
		return sum / n
	})
}

// Metrics are the figures of each way to write.
func (b *Bodies) Metrics() (list []stages.Metric) {
	for _, s := range b.Systems {
		list = append(list, stages.Metric{Name: "bodies that pass, of " + s.System, Value: s.Passes.Value, Near: -1}, stages.Metric{Name: "bodies that compile, of " + s.System, Value: s.Compiles.Value, Near: -1})
	}
	return list
}

// Table has a line for each way to write.
func (b *Bodies) Table() Table {
	rows := [][]string{{"", "functions", "passes", "95 % interval", "less the nearest", "compiles", "95 % interval", "exact", "F1"}}
	for _, s := range b.Systems {
		over := "–"
		if s.Over != nil {
			over = points(*s.Over)
		}
		rows = append(rows, []string{
			s.System, strconv.Itoa(s.Functions), grid.Percent(s.Passes.Value), grid.Between(s.Passes.Low, s.Passes.High), over,
			grid.Percent(s.Compiles.Value), grid.Between(s.Compiles.Low, s.Compiles.High), grid.Percent(s.Exact), grid.Decimals(s.F1),
		})
	}
	about := fmt.Sprintf("%d functions of %d packages that nothing has read, with %s", b.Test, b.Packages, b.Toolchain)
	if len(b.Left) > 0 {
		about += "; not counted: " + reasons(b.Left)
	}
	return Table{
		Headline: "What the small model writes of functions.", Line: b.line(), Rows: rows, About: about,
		Legend: "passes: of the bodies, those with which the package's own tests pass, in a sandbox; less the nearest: points, with the 95 % interval, on the same functions; compiles: whatever it does; exact: the same tokens as the " +
			"function's own; F1: of tokens. Packages are drawn for the intervals.",
	}
}

// line says what the bodies come to: what does not pay first.
func (b *Bodies) line() string {
	ours, near := b.way(Model), b.way(Like)
	if ours.Over == nil { // a file that this program has not written
		return ""
	}
	line := verdict(*ours.Over, "More of the small model's bodies pass than of those of the nearest known function", "Fewer of the small model's bodies pass than of those of the nearest known function, which need no training",
		"No difference between the small model's bodies and those of the nearest known function is shown")
	line += fmt.Sprintf(": %s and %s pass, %s points.", grid.Percent(ours.Passes.Value), grid.Percent(near.Passes.Value), points(*ours.Over))
	if b.Read != nil {
		line += " " + verdict(*b.Read, "Reading the corpus helps", "Reading the corpus harms", "Reading the corpus is not shown to help") + ": " + points(*b.Read) + " points."
	}
	if b.Box != nil {
		line += " " + verdict(*b.Box, "The black box passes less often", "The black box passes more often", "No difference from the black box is shown") + ": " + points(*b.Box) + " points."
	}
	return line
}

// way is one of the ways; nothing where it is not there.
func (b *Bodies) way(name string) (w CodeWay) {
	for _, s := range b.Systems {
		if s.System == name {
			return s
		}
	}
	return w
}
