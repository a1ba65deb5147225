// Command killrun starts a training, kills it at random moments until it is done nevertheless, and compares what came of it with a training
// that was left alone. It is the program behind scripts/torture; it is no test of one stage alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
)

var signals = map[string]syscall.Signal{"KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}

func main() {
	slm := flag.String("slm", "./slm", "the program")
	dir := flag.String("dir", os.TempDir(), "folder for the runs")
	recipe := flag.String("recipe", "tiny", "what is trained")
	n := flag.Int("n", 0, "kills with each signal; 0: 200 with KILL and 50 with each other")
	names := flag.String("signal", "KILL,TERM,INT", "signals, by comma")
	seed := flag.Uint64("seed", 1, "of the moments")
	flag.Parse()
	t, err := newTorture(*slm, *dir, *recipe, *seed, func(format string, args ...any) { _, _ = fmt.Fprintf(os.Stderr, format+"\n", args...) })
	if err != nil {
		fail(err)
	}
	for _, name := range strings.Split(*names, ",") {
		sig, ok := signals[name]
		if !ok {
			fail(fmt.Errorf("unknown signal %q: want KILL, TERM or INT", name))
		}
		kills := *n
		if kills == 0 {
			kills = map[string]int{"KILL": 200}[name]
			if kills == 0 {
				kills = 50
			}
		}
		figures, err := t.run(sig, kills)
		fmt.Print(figures.String(name))
		if err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	_, _ = fmt.Fprintln(os.Stderr, "torture:", err)
	os.Exit(1)
}
