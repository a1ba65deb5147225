package mpi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"slm/internal/mpi/mpitest"
	"slm/internal/ranks"
)

// asRank has this test's program be a rank: the variable says what it does.
const asRank = "SLM_MPI_TEST"

func TestMain(m *testing.M) {
	scene := map[string]func(*ranks.Team) error{"talk": talk, "wait": wait, "leave": leave, "fault": fault, "stop": stop, "work": work, "cut": cut}[os.Getenv(asRank)]
	if scene == nil {
		os.Exit(m.Run())
	}
	w, err := Open(time.Now)
	if err == nil {
		err = scene(ranks.New(w))
	}
	if err != nil {
		fmt.Println(err)
		w.Abort(1)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// talk sends messages of many sizes, several between the same two at once, and orders.
func talk(team *ranks.Team) error {
	ctx := context.Background()
	for _, n := range []int{0, 1, 100, 1 << 12, 1<<20 + 3} {
		fill := func(from, to int) []byte { return bytes.Repeat([]byte{byte(16*from + to)}, n) }
		var list []ranks.Message
		var rooms [][]byte
		var from []int
		team.Others(func(r int) {
			for range 3 {
				rooms, from = append(rooms, make([]byte, n)), append(from, r)
				list = append(list, ranks.Message{Peer: r, Data: fill(team.Rank(), r)}, ranks.Message{Peer: r, Receive: true, Data: rooms[len(rooms)-1]})
			}
		})
		if err := team.Exchange(ctx, list...); err != nil {
			return err
		}
		for i, room := range rooms {
			if !bytes.Equal(room, fill(from[i], team.Rank())) {
				return fmt.Errorf("rank %d: other bytes from %d", team.Rank(), from[i])
			}
		}
	}
	if team.Rank() == 0 {
		if err := team.Tell(ctx, 'a'); err != nil {
			return err
		}
		fmt.Println(team.Name(1), "of", team.Size())
		return team.Tell(ctx, 'b', nil, []byte("one"), []byte("two!"))
	}
	for _, want := range []string{"a", "b" + []string{"", "one", "two!"}[team.Rank()]} {
		kind, data, err := team.Hear(ctx)
		if got := string(kind) + string(data); err != nil || got != want {
			return fmt.Errorf("rank %d heard %q, want %q: %v", team.Rank(), got, want, err)
		}
	}
	return nil
}

// wait gives up when nobody sends: the error names whom it waited for.
func wait(team *ranks.Team) error {
	if team.Rank() != 0 {
		time.Sleep(time.Second)
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), 200*time.Millisecond, errors.New("patience is over"))
	defer cancel()
	err := team.Exchange(ctx, ranks.Message{Peer: 1, Receive: true, Data: make([]byte, 5)})
	again := team.Exchange(context.Background(), ranks.Message{Peer: 1, Receive: true, Data: make([]byte, 5)})
	if err == nil || again == nil || err.Error() != again.Error() {
		return fmt.Errorf("ended with %v, and then with %v", err, again)
	}
	return err
}

// leave has one rank end without a word.
func leave(team *ranks.Team) error {
	if team.Rank() == 1 {
		os.Exit(3)
	}
	return team.Exchange(context.Background(), ranks.Message{Peer: 1, Receive: true, Data: make([]byte, 5)})
}

// stop has one rank stop, as one that is out of memory and swaps does, while the others wait for it, and for each other.
func stop(team *ranks.Team) error {
	team.Patience(3 * time.Second)
	if team.Rank() == 1 {
		return syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	}
	peer := map[int]int{0: 2, 2: 1, 3: 0}[team.Rank()]
	return team.Exchange(context.Background(), ranks.Message{Peer: peer, Receive: true, Data: make([]byte, 5)})
}

// work keeps the one processor of every rank busy for longer than a rank may be silent.
func work(team *ranks.Team) error {
	const patience = 3 * time.Second
	team.Patience(patience)
	runtime.GOMAXPROCS(1)
	sum := 0
	for end := time.Now().Add(2 * patience); time.Now().Before(end); {
		for i := range 1 << 16 {
			sum += i ^ sum
		}
	}
	all := [][]byte{make([]byte, 8), make([]byte, 8)}
	return team.Gather(context.Background(), all)
}

// cut waits for a rank on the other host. The cable is cut meanwhile.
func cut(team *ranks.Team) error {
	team.Patience(8 * time.Second)
	fmt.Println("rank", team.Rank(), "is there")
	return team.Exchange(context.Background(), ranks.Message{Peer: 1 - team.Rank(), Receive: true, Data: make([]byte, 5)})
}

// fault reads from address 0: Go's own handler still makes a panic of it.
func fault(team *ranks.Team) (err error) {
	defer func() {
		if v := recover(); v == nil {
			err = errors.New("no panic")
		}
	}()
	var nothing *[1 << 20]byte
	return fmt.Errorf("read %d", nothing[team.Rank()+1<<18])
}

func scene(t *testing.T, n int, name string) (string, error) {
	cmd := mpitest.Command(t, n, nil, os.Args[0])
	cmd.Env = append(os.Environ(), asRank+"="+name)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestWorld_CarriesMessagesOfEverySize(t *testing.T) {
	out, err := scene(t, 3, "talk")
	if host, _ := os.Hostname(); err != nil || !strings.Contains(out, "1 ("+host+") of 3") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWorld_WaitingEndsWithItsContextAndNamesTheRank(t *testing.T) {
	if out, err := scene(t, 2, "wait"); err == nil || !strings.Contains(out, "patience is over, while waiting for rank 1 (") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWorld_AllEndWhenOneLeaves(t *testing.T) {
	began := time.Now()
	out, err := scene(t, 3, "leave")
	if err == nil || time.Since(began) > time.Minute {
		t.Errorf("after %v: %v\n%s", time.Since(began), err, out)
	}
}

// mpirun 4.1 passes on the exit code of the rank that ended all, or crashes in its own PMIx_server_finalize while it ends (-1).
func TestPulse_StoppedRankIsNamedAndAllEnd(t *testing.T) {
	began := time.Now()
	out, err := scene(t, 4, "stop")
	var exit *exec.ExitError
	ended := errors.As(err, &exit) && (exit.ExitCode() == 1 || exit.ExitCode() == -1 && strings.Contains(out, "PMIx_server_finalize"))
	if !ended || !strings.Contains(out, "rank 1 (") || !strings.Contains(out, "has been silent for") || time.Since(began) > time.Minute {
		t.Errorf("after %v: %v\n%s", time.Since(began), err, out)
	}
}

func TestPulse_RankThatComputesIsNotSilent(t *testing.T) {
	if out, err := scene(t, 2, "work"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The cable between two hosts is cut. The first rank names the other; mpirun waits for its daemon there, unless keepalive has told it before.
func TestPulse_HostThatVanishesIsNamed(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("long: set SLM_TEST_ALL=1")
	}
	keepalive := strings.Fields("--mca oob_tcp_keepalive_time 2 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 2")
	hosts := mpitest.TwoHosts(t, 1000)
	for what, c := range map[string]struct {
		flags      []string
		ends       bool
		want, name string
	}{
		"by the ranks": {nil, false, "has been silent for", "rank 1 (" + mpitest.Second()},
		"by mpirun":    {keepalive, true, "lost communication with a remote daemon", mpitest.SecondAddress},
	} {
		mpitest.Mend(t)
		cmd := mpitest.Command(t, 2, append(hosts, c.flags...), os.Args[0])
		cmd.Args = append(cmd.Args[:len(cmd.Args)-1], "-x", asRank, os.Args[0])
		out, err := os.Create(filepath.Join(t.TempDir(), "out")) // no pipe: what is left on the other host would hold it
		if err != nil {
			t.Fatal(err)
		}
		said := func() string {
			text, err := os.ReadFile(out.Name())
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		until := func(done func() bool) {
			for end := time.Now().Add(time.Minute); time.Now().Before(end) && !done(); {
				time.Sleep(10 * time.Millisecond)
			}
		}
		cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), asRank+"=cut"), out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		until(func() bool { return strings.Count(said(), "is there") == 2 })
		mpitest.Cut(t)
		began, ended := time.Now(), make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		until(func() bool { return strings.Contains(said(), c.want) })
		t.Logf("%s: after %v", what, time.Since(began))
		if !c.ends {
			_ = cmd.Process.Kill()
		}
		select {
		case err = <-ended:
		case <-time.After(time.Minute):
			t.Errorf("%s: mpirun does not end", what)
			_ = cmd.Process.Kill()
			err = <-ended
		}
		if text := said(); err == nil || !strings.Contains(text, c.want) || !strings.Contains(text, c.name) {
			t.Errorf("%s: %v\n%s", what, err, text)
		}
		_ = out.Close()
	}
}

func TestOpen_LeavesGoItsSignals(t *testing.T) {
	if out, err := scene(t, 2, "fault"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLaunched_KnowsItsLaunchersAndRefusesOthers(t *testing.T) {
	for _, c := range []struct {
		env        map[string]string
		rank, size int
		refused    string
	}{
		{nil, 0, 1, ""},
		{map[string]string{"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "PMIX_RANK": "3"}, 3, 4, ""},
		{map[string]string{"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}, 0, 1, ""},
		{map[string]string{"SLURM_STEP_NUM_TASKS": "8", "PMIX_RANK": "2"}, 2, 8, ""},
		{map[string]string{"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "2"}, 0, 1, ""}, // jobs beside each other
		{map[string]string{"PMI_SIZE": "2", "PMI_RANK": "1"}, 0, 0, "MPICH"},
	} {
		rank, size, err := Launched(func(name string) string { return c.env[name] })
		if c.refused != "" {
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%v: %v", c.env, err)
			}
			continue
		}
		if rank != c.rank || size != c.size || err != nil {
			t.Errorf("%v: rank %d of %d, %v", c.env, rank, size, err)
		}
	}
}

func TestLoad_OtherLibrariesAreRefusedByName(t *testing.T) {
	for name, want := range map[string]string{"libc.so.6": "no MPI", "libnothing.so.1": "Open MPI is not there"} {
		t.Setenv("SLM_MPI", name)
		if _, err := load(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
