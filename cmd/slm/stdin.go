package main

import (
	"bufio"
	"fmt"
	"strings"
)

// eachLine calls f with every line of stdin that is not blank, until one fails. A line has at most longest bytes.
func (a *app) eachLine(longest int, f func(text string) error) error {
	lines := bufio.NewScanner(a.in)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			if err := f(text); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// eachQuestion is eachLine for questions, with an empty line between two answers in text.
func (a *app) eachQuestion(f func(text string) error) error {
	n := 0
	return a.eachLine(bufio.MaxScanTokenSize, func(text string) error {
		if n++; n > 1 && a.output == "text" {
			_, _ = fmt.Fprintln(a.out)
		}
		return f(text)
	})
}
