// Package sandbox runs programs that nobody trusts: without a network, without the files of the machine, and with limits of time, memory, processes,
// disk and output. Everything that was started is gone when Run returns.
//
// The work is bubblewrap's (namespaces of its own for network, processes, mounts and users) and that of prlimit (limits of processor time, memory and
// files). Where one of them is missing, or the system forbids such namespaces, Run refuses: it never runs a program unprotected.
package sandbox

import (
	"errors"
	"time"
)

// ErrUnavailable says that programs cannot be run safely here; the message says what is missing.
var ErrUnavailable = errors.New("no sandbox")

// Why a program was stopped; otherwise it has ended by itself.
const (
	OfTime   = "time"   // wall time or processor time
	OfOutput = "output" // it printed more than Limits.Output
)

// Limits bound a program. Zero takes the number of Usual.
type Limits struct {
	Wall   time.Duration // from start to end
	CPU    time.Duration // processor time of a process, in whole seconds
	Memory int64         // bytes that a process may write to (RLIMIT_DATA)
	Room   int64         // bytes of /tmp, which is memory
	Output int           // bytes of standard output and error together
}

// Usual are limits for the tests of a package.
var Usual = Limits{Wall: time.Minute, CPU: 20 * time.Second, Memory: 1 << 30, Room: 64 << 20, Output: 1 << 20}

// Command is a program with what it sees. There is nothing else: no shell, no libraries, no home.
type Command struct {
	Args  []string // the program, by its full path, and its arguments
	Env   []string // NAME=VALUE, all of them
	Dir   string   // "" = /tmp
	Read  []string // files and folders that can be read, by their full paths
	Write []string // folders that can be written too. /tmp can always be, and is empty
	// Forks lets the program start others: for compilers, and never for what they have made. How many it starts is not limited.
	Forks  bool
	Limits Limits
}

// Result is how a program ended.
type Result struct {
	Exit    int    // 0 = success; 128 and more by a signal. -1 where it was stopped
	Stopped string // OfTime, OfOutput; "" = it ended by itself, or was killed for its processor time (Exit 137)
	Output  []byte // standard output and error, up to Limits.Output
}

// OK reports whether the program ended well by itself.
func (r Result) OK() bool { return r.Exit == 0 && r.Stopped == "" }

func (l Limits) filled() Limits {
	u := Usual
	if l.Wall > 0 {
		u.Wall = l.Wall
	}
	if l.CPU > 0 {
		u.CPU = l.CPU
	}
	if l.Memory > 0 {
		u.Memory = l.Memory
	}
	if l.Room > 0 {
		u.Room = l.Room
	}
	if l.Output > 0 {
		u.Output = l.Output
	}
	return u
}
