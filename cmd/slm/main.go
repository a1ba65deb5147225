// Command slm trains a small language model on texts and lets it help a large one that can only be asked. This package is flags, output and
// exit codes, one file a command; what is done is in package pipeline.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"slm/internal/mpi"
	"slm/internal/term"
)

// version is set by the linker for a release: -ldflags "-X main.version=1.2.3".
var version = "0.1.0-dev"

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		first := <-signals
		if rank, _, _ := mpi.Launched(os.Getenv); rank == 0 { // the others save nothing
			_, _ = fmt.Fprintln(os.Stderr, "\nslm: stopping, and saving state (once more stops at once)")
		}
		cancel(&signalError{first})
		second := <-signals
		os.Exit((&signalError{second}).code())
	}()
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), now: time.Now, terminal: term.IsTerminal(os.Stderr)}
	os.Exit(a.run(ctx, os.Args[1:]))
}
