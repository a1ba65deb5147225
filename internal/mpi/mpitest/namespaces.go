package mpitest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// agent stands for ssh: it runs a command in the namespace, as a machine of its own name.
const agent = `#!/bin/sh
shift # the address
exec ip netns exec %[1]s unshare -u sh -c "hostname %[1]s; $*"
`

// TwoHosts makes a second host of a network namespace, joined by a cable of so many Mbit/s, and returns the flags that have mpirun put every other rank there. The messages
// go through TCP. Where the system does not allow that, the test is skipped, and says so.
func TwoHosts(t testing.TB, mbits int) (flags []string) {
	t.Helper()
	flags, remove, err := Hosts(t.TempDir(), mbits)
	t.Cleanup(remove)
	if err != nil {
		t.Skipf("not tested: two network namespaces cannot be made here: %v", err)
	}
	return flags
}

// Hosts is TwoHosts for who is no test: folder is where a script may lie, and remove takes away what was made.
func Hosts(folder string, mbits int) (flags []string, remove func(), err error) {
	name := Second()
	remove = func() {
		pids, _ := exec.Command("ip", "netns", "pids", name).Output() // none, but for those that nobody could reach any more
		for _, pid := range strings.Fields(string(pids)) {
			_ = exec.Command("kill", "-9", pid).Run()
		}
		_ = exec.Command("ip", "netns", "del", name).Run()
		_ = exec.Command("ip", "link", "del", name+"a").Run() // the cable mostly goes with the namespace
	}
	do := func(words ...string) {
		if err != nil {
			return
		}
		if out, failed := exec.Command(words[0], words[1:]...).CombinedOutput(); failed != nil {
			err = fmt.Errorf("%v: %w: %s", words, failed, out)
		}
	}
	do("ip", "netns", "add", name)
	do("ip", "link", "add", name+"a", "type", "veth", "peer", "name", name+"b")
	do("ip", "link", "set", name+"b", "netns", name)
	do("ip", "addr", "add", "10.98.76.1/24", "dev", name+"a")
	do("ip", "link", "set", name+"a", "up")
	inside := func(words ...string) { do(append([]string{"ip", "netns", "exec", name}, words...)...) }
	inside("ip", "addr", "add", SecondAddress+"/24", "dev", name+"b")
	inside("ip", "link", "set", name+"b", "up")
	inside("ip", "link", "set", "lo", "up")
	shape := []string{"root", "tbf", "rate", fmt.Sprintf("%dmbit", mbits), "burst", fmt.Sprintf("%dkb", max(256, mbits/4)), "latency", "50ms"}
	do(append([]string{"tc", "qdisc", "add", "dev", name + "a"}, shape...)...)
	inside(append([]string{"tc", "qdisc", "add", "dev", name + "b"}, shape...)...)
	script := filepath.Join(folder, "agent")
	if err == nil {
		err = os.WriteFile(script, fmt.Appendf(nil, agent, name), 0o700)
	}
	return []string{
		"--mca", "plm_rsh_agent", script, "-H", "10.98.76.1:8," + SecondAddress + ":8", "--map-by", "node", "--mca", "oob_tcp_if_include", "10.98.76.0/24",
		"--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "10.98.76.0/24",
	}, remove, err
}

// SecondAddress is the address of the second host.
const SecondAddress = "10.98.76.2"

// Second is the name of the second host.
func Second() string { return fmt.Sprintf("slm%d", os.Getpid()%10000) }

// Cut cuts the cable between the two hosts: messages go nowhere, and nobody is told.
func Cut(t testing.TB) { cable(t, "down") }

// Mend mends the cable.
func Mend(t testing.TB) { cable(t, "up") }

func cable(t testing.TB, state string) {
	t.Helper()
	if out, err := exec.Command("ip", "link", "set", Second()+"a", state).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", state, err, out)
	}
}
