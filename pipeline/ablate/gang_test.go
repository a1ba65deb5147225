package ablate

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// gang is workers in processes of their own, some of which are killed while they work.
type gang struct {
	t      *testing.T
	env    []string // what tells the test binary to be a worker
	shared string   // the folder that they work in; "" = each has its own
	all    []*hand
}

type hand struct {
	cmd    *exec.Cmd
	dir    string // where it writes what it made
	said   bytes.Buffer
	killed bool
}

// start starts n more.
func (g *gang) start(n int) {
	g.t.Helper()
	self, err := os.Executable()
	if err != nil {
		g.t.Fatal(err)
	}
	for range n {
		one := &hand{cmd: exec.Command(self), dir: g.shared}
		one.cmd.Env = append(os.Environ(), g.env...)
		if g.shared == "" {
			one.dir = g.t.TempDir()
			one.cmd.Env = append(one.cmd.Env, beIn+"="+one.dir)
		}
		one.cmd.Stderr = &one.said
		if err := one.cmd.Start(); err != nil {
			g.t.Fatal(err)
		}
		g.all = append(g.all, one)
	}
}

// made are the fingerprints of the stages that were made, a line each.
func (g *gang) made() (lines []byte) {
	for _, one := range g.all {
		text, _ := os.ReadFile(filepath.Join(one.dir, madeNames))
		if g.shared != "" {
			return text
		}
		lines = append(lines, text...)
	}
	return lines
}

// kill kills so many, spread over a work of so many stages, and starts another one for each. Where in a stage it hits is left to chance.
func (g *gang) kill(kills, stages int) {
	g.t.Helper()
	for k := range kills {
		for bytes.Count(g.made(), []byte("\n")) < (k+1)*stages/(kills+2) {
			time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond)
		}
		victim := g.all[rand.IntN(len(g.all))]
		for victim.killed {
			victim = g.all[rand.IntN(len(g.all))]
		}
		victim.killed = true
		if err := victim.cmd.Process.Kill(); err != nil {
			g.t.Fatal(err)
		}
		g.start(1)
	}
}

// wait waits for the end of all.
func (g *gang) wait() {
	g.t.Helper()
	for i, one := range g.all {
		if err := one.cmd.Wait(); err != nil && !one.killed {
			g.t.Errorf("worker %d: %v\n%s", i, err, &one.said)
		}
	}
}
