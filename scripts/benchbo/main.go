// Command benchbo compares this program's Bayesian optimisation with BoTorch's: the same test functions, the same first ten points, the
// same noise, as many evaluations. It prints the median regret of both and the ratio of processor time a step. scripts/bench-bo sets its
// Python up and starts it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench-bo:", err)
		os.Exit(1)
	}
}

func run(args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench-bo", flag.ContinueOnError)
	names := flags.String("functions", strings.Join(settingNames(), ","), "which functions; -b40 means binomial noise of 40 questions")
	seeds := flags.Int("seeds", 20, "searches a function")
	first := flags.Uint64("first", 0, "the first seed")
	python := flags.String("python", "python3", "a Python that has botorch; none leaves BoTorch out")
	method := flags.String("method", "", "of ours: log_ei, noisy_log_ei, ucb, thompson or turbo; empty = that of the prompt search")
	format := flags.String("o", "text", "text or json")
	keep := flags.String("keep", "", "a file of BoTorch's finished searches: taken from there, and added to it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{sides: []side{ours{*method}}, log: log}
	if *python != "none" {
		p, err := startPeer(*python)
		if err != nil {
			return err
		}
		defer p.Stop()
		b.sides = append(b.sides, p)
	}
	if *keep != "" {
		if err := b.open(*keep); err != nil {
			return err
		}
	}
	var lines []line
	for _, s := range settings() {
		if !slices.Contains(strings.Split(*names, ","), s.name()) {
			continue
		}
		l, err := b.compare(s, *first, *seeds)
		if err != nil {
			return err
		}
		lines = append(lines, l)
		if *format == "text" {
			l.print(out)
		}
	}
	if len(lines) == 0 {
		return fmt.Errorf("no function is called %s; there are %s", *names, strings.Join(settingNames(), ", "))
	}
	if *format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"functions": lines})
	}
	return nil
}
