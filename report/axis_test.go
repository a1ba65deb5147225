package report

import (
	"reflect"
	"strings"
	"testing"

	"slm/internal/grid"
)

func TestAxis_TicksAreRoundAndInside(t *testing.T) {
	for _, c := range []struct {
		axis axis
		n    int
		want []float64
	}{
		{axis{lo: 0, hi: 100}, 4, []float64{0, 50, 100}},
		{axis{lo: -.16, hi: .18}, 7, []float64{-.15, -.1, -.05, 0, .05, .1, .15}},
		{axis{lo: .045, hi: 9, log: true}, 8, []float64{.05, .1, .2, .5, 1, 2, 5}},
		{axis{lo: 1e-4, hi: 10, log: true}, 6, []float64{1e-4, 1e-3, 1e-2, .1, 1, 10}},
		{axis{lo: 3, hi: 3}, 4, []float64{3}},
	} {
		got := c.axis.ticks(c.n)
		for i, v := range got {
			got[i] = float64(int64(v*1e6+map[bool]float64{true: .5, false: -.5}[v > 0])) / 1e6
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.axis, got, c.want)
		}
	}
}

func TestAxis_ValuesOutsideStayInTheFrame(t *testing.T) {
	for _, x := range []axis{{lo: 1, hi: 10, a: 50, b: 450}, {lo: 1, hi: 10, a: 50, b: 450, log: true}} {
		if x.at(-5) != 50 || x.at(1) != 50 || x.at(10) != 450 || x.at(99) != 450 {
			t.Errorf("%+v leaves its frame", x)
		}
	}
	if got := thin(make([]point, 1000), 160); len(got) != 160 {
		t.Errorf("%d points", len(got))
	}
}

func TestAxis_FiguresAreWrittenAsPeopleWriteThem(t *testing.T) {
	for got, want := range map[string]string{
		plain(grid.Percent(.864)): "86 %", plain(grid.Percent(.004)): "0.4 %", plain(grid.Percent(.995)): "99.5 %", plain(grid.Percent(1)): "100 %", plain(grid.Percent(-.04)): "−4 %",
		signed(.031): "+3.1", signed(-.031): "−3.1", signed(-.0001): "0.0", plain(pvalue(.0004)): "< .001", pvalue(.0321): ".032", pvalue(1): "1.000",
		plain(whole(1234567)): "1 234 567", plain(whole(-999)): "-999", plain(duration(331)): "6 min", plain(duration(7300)): "2 h 02 min", duration(0): "–",
		short(1500): "1\u202f500", plain(short(2.5e6)): "2.5 M", sentence("one word"): "One word.", sentence("z = 0 is kept."): "z = 0 is kept.", sentence("a gain of -0.1 [-0.2, 0.3]; log-likelihood"): "A gain of −0.1 [−0.2, 0.3]; log-likelihood.", shorten("7x " + strings.Repeat("ab12", 16)): "7x ab12ab12ab12…", inLine("GPL\nSection 4:"): "GPL, Section 4",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
