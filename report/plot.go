package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// point is a place in a plot, in the data's own units.
type point struct{ x, y float64 }

// series is one line of a plot. Its class is a colour in the style sheet.
type series struct {
	class  string
	points []point
	lower  []point // with it, the area between the points and these is filled
	step   bool    // hold each value until the next point
	dots   bool    // mark the points, draw no line
}

// plot is a small line chart.
type plot struct {
	title       string // read out by screen readers
	xName       string
	series      []series
	logY        bool
	yLow, yHigh *float64 // fixed limits; nil means from the data
	yText       func(float64) string
	chance      *float64 // a dashed horizontal line
	chanceName  string
	xFromZero   bool
	detail      string // longer description for screen readers
}

// svg draws the plot at a size in CSS pixels. Every figure appears at two sizes and the style sheet shows one, so that letters keep
// their size on a small screen.
func (p plot) svg(w, h int) template.HTML {
	const left, right, top, bottom = 46, 12, 14, 40
	x, y := p.axes(left, float64(w-right), float64(h-bottom), top)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`, w, h, w, h, html.EscapeString(p.title+". "+p.detail))
	text := p.yText
	if text == nil {
		text = short
	}
	for _, v := range y.ticks(h / 40) {
		py := y.at(v)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, w-right, py, py)
		fmt.Fprintf(&b, `<text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`, left-8, py+4, html.EscapeString(text(v)))
	}
	for _, v := range x.ticks(w / 90) {
		at, anchor := x.at(v), "middle"
		if at > float64(w-2*right) { // it would hang over the edge
			at, anchor = float64(w), "end"
		}
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%d" text-anchor="%s">%s</text>`, at, h-bottom+18, anchor, html.EscapeString(short(v)))
	}
	fmt.Fprintf(&b, `<line class="base" x1="%d" x2="%d" y1="%d" y2="%d"/>`, left, w-right, h-bottom, h-bottom)
	fmt.Fprintf(&b, `<text class="name" x="%d" y="%d" text-anchor="end">%s</text>`, w-right, h-6, html.EscapeString(p.xName))
	if p.chance != nil {
		py := y.at(*p.chance)
		fmt.Fprintf(&b, `<line class="chance" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, w-right, py, py)
		fmt.Fprintf(&b, `<text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`, w-right, py-5, html.EscapeString(p.chanceName))
	}
	for _, s := range p.series {
		b.WriteString(s.draw(x, y))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// both draws the plot for wide and for narrow screens.
func (p plot) both(wideW, wideH int) template.HTML {
	return template.HTML(`<div class="wide">`) + p.svg(wideW, wideH) + template.HTML(`</div><div class="narrow">`) + p.svg(342, 240) + template.HTML(`</div>`)
}

// axes fits both scales to the data.
func (p plot) axes(x0, x1, y0, y1 float64) (x, y axis) {
	x = axis{lo: math.Inf(1), hi: math.Inf(-1), a: x0, b: x1}
	y = axis{lo: math.Inf(1), hi: math.Inf(-1), a: y0, b: y1, log: p.logY}
	for _, s := range p.series {
		for _, q := range append(s.points[:len(s.points):len(s.points)], s.lower...) {
			x.lo, x.hi = math.Min(x.lo, q.x), math.Max(x.hi, q.x)
			y.lo, y.hi = math.Min(y.lo, q.y), math.Max(y.hi, q.y)
		}
	}
	if math.IsInf(x.lo, 1) {
		x.lo, x.hi, y.lo, y.hi = 0, 1, 0.1, 1
	}
	if p.xFromZero {
		x.lo = 0
	}
	if p.yLow != nil {
		y.lo = *p.yLow
	}
	if p.yHigh != nil {
		y.hi = *p.yHigh
	}
	if p.logY {
		y.lo, y.hi = math.Max(y.lo, 1e-6)*0.9, math.Max(y.hi, 2e-6)*1.1
	} else if y.hi == y.lo {
		y.hi = y.lo + 1
	}
	return x, y
}

// draw returns the SVG of one series.
func (s series) draw(x, y axis) string {
	var b strings.Builder
	if s.dots {
		for _, q := range s.points {
			r := 3.6
			if strings.HasSuffix(s.class, " small") {
				r = 1.8
			}
			fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"/>`, s.class, x.at(q.x), y.at(q.y), r)
		}
		return b.String()
	}
	if len(s.points) == 0 {
		return ""
	}
	fmt.Fprintf(&b, `<path class="%s" d="`, s.class)
	outline := s.points[:len(s.points):len(s.points)]
	for i := len(s.lower) - 1; i >= 0; i-- {
		outline = append(outline, s.lower[i])
	}
	for i, q := range outline {
		px, py := x.at(q.x), y.at(q.y)
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%.1f %.1f", px, py)
		case s.step:
			fmt.Fprintf(&b, "H%.1fV%.1f", px, py)
		default:
			fmt.Fprintf(&b, "L%.1f %.1f", px, py)
		}
	}
	if len(s.lower) > 0 {
		b.WriteString("Z")
	}
	b.WriteString(`"/>`)
	if len(s.points) == 1 {
		fmt.Fprintf(&b, `<circle class="%s dot" cx="%.1f" cy="%.1f" r="3"/>`, s.class, x.at(s.points[0].x), y.at(s.points[0].y))
	}
	return b.String()
}

// thin averages a long line into at most n points, so that the page stays small and noise does not hide the course.
func thin(ps []point, n int) []point {
	if len(ps) <= n {
		return ps
	}
	out := make([]point, 0, n)
	for i := range n {
		lo, hi := i*len(ps)/n, (i+1)*len(ps)/n
		var q point
		for _, p := range ps[lo:hi] {
			q.x, q.y = q.x+p.x, q.y+p.y
		}
		out = append(out, point{q.x / float64(hi-lo), q.y / float64(hi-lo)})
	}
	return out
}
