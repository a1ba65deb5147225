// Command soakrun serves a tiny run to many clients for a long time, under all that may happen to a server, and says what was wrong. It is the program
// behind scripts/soak.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	var s soak
	flag.StringVar(&s.slm, "slm", "./slm", "the program")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "folder for the run")
	flag.IntVar(&s.clients, "clients", 32, "clients at once")
	minutes := flag.Float64("minutes", 5, "how long")
	flag.Uint64Var(&s.seed, "seed", 1, "of requests and moments")
	flag.Parse()
	s.lasts = time.Duration(*minutes * float64(time.Minute))
	f, err := s.run(context.Background())
	fmt.Print(f)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}
