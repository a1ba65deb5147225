package term

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"slm/stages"
)

// Bar is a Viewer for terminals: one live line for each part of a stage, and a lasting line when the stage ends. What it shows is the newest
// event, at most Throttle late.
type Bar struct {
	Out      io.Writer
	Throttle time.Duration // least time between two drawings; 0 draws each event

	mu      sync.Mutex
	bar     *progressbar.ProgressBar
	hush    *hush // in front of Out
	percent int   // that is drawn
	part    string
	of      int
	timer   *time.Timer   // runs until the next drawing is due; nil = it may be now
	waiting *stages.Event // to be drawn then
}

// Event moves the bar, or prints a line above it.
func (b *Bar) Event(e stages.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text := milestone(e); text != "" {
		b.clear()
		_, _ = fmt.Fprintln(b.Out, text)
		return
	}
	if !counts(e) {
		return
	}
	if part := e.Stage + "/" + e.Phase; b.bar == nil || part != b.part || e.Of != b.of {
		b.clear()
		b.part, b.of = part, e.Of
		b.hush, b.percent = &hush{out: b.Out}, 0
		b.bar = progressbar.NewOptions(e.Of, progressbar.OptionSetWriter(b.hush), progressbar.OptionSetWidth(24), progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "━", SaucerHead: "━", SaucerPadding: " ", BarStart: "", BarEnd: ""}))
	}
	if b.timer != nil && e.Step < e.Of {
		b.waiting = &e
		return
	}
	b.draw(e)
}

// draw shows an event, once, with the numbers and the bar of the same event. The bar draws itself when it is told a text, and again when it is told a
// number that changes its percent; then the first of the two would show what was.
func (b *Bar) draw(e stages.Event) {
	b.waiting = nil
	done := min(e.Step, e.Of)
	percent := int(float64(done) / float64(e.Of) * 100) // as the bar reckons
	b.hush.silent, b.percent = percent != b.percent, percent
	b.bar.Describe(fmt.Sprintf("%-5s %s", e.Stage, status(e)))
	b.hush.silent = false
	_ = b.bar.Set(done) // it only draws
	if b.Throttle > 0 && b.timer == nil {
		b.timer = time.AfterFunc(b.Throttle, b.due)
	}
}

// due draws what has come in the meantime.
func (b *Bar) due() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = nil
	if b.waiting != nil && b.bar != nil {
		b.draw(*b.waiting)
	}
}

// Close removes the live line.
func (b *Bar) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
}

func (b *Bar) clear() {
	if b.timer != nil {
		b.timer.Stop()
	}
	b.timer, b.waiting = nil, nil
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}

// hush is a writer that can be silent.
type hush struct {
	out    io.Writer
	silent bool
}

func (h *hush) Write(p []byte) (int, error) {
	if h.silent {
		return len(p), nil
	}
	return h.out.Write(p)
}
