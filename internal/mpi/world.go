//go:build linux && (amd64 || arm64)

package mpi

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"slm/internal/ranks"
)

// World is MPI_COMM_WORLD. All calls are made by one thread of the system (MPI_THREAD_FUNNELED).
type World struct {
	lib        *library
	rank, size int
	hosts      []string
	calls      chan func()
	lost       error
	pulse      *pulse
	kept       [][]ranks.Message // of exchanges that were given up: the library may still write there
}

const (
	threadFunneled = 1
	hostBytes      = 256     // MPI_MAX_PROCESSOR_NAME
	pieceBytes     = 1 << 30 // a count is an int
	tag            = 7
)

// Open connects this process with those that a launcher has started with it. now is the clock by which silent ranks are noticed.
func Open(now func() time.Time) (*World, error) {
	w := &World{calls: make(chan func())}
	go func() {
		runtime.LockOSThread() // never given back: it is MPI's
		for f := range w.calls {
			f()
		}
	}()
	var err error
	w.do(func() { err = w.open() })
	if err != nil {
		return nil, err
	}
	names := make([][]byte, w.size)
	for r := range names {
		names[r] = make([]byte, hostBytes)
	}
	var n int32
	w.do(func() {
		err = w.lib.call(w.lib.processorName, uintptr(unsafe.Pointer(unsafe.SliceData(names[w.rank]))), uintptr(unsafe.Pointer(&n)))
	})
	if err == nil {
		err = (&ranks.Team{World: w}).Gather(context.Background(), names)
	}
	for _, name := range names {
		w.hosts = append(w.hosts, strings.TrimRight(string(name), "\x00"))
	}
	if err == nil {
		w.begin(now)
	}
	return w, err
}

func (w *World) open() (err error) {
	if w.lib, err = load(); err != nil {
		return err
	}
	var provided, rank, size int32
	for _, call := range [][]uintptr{
		{w.lib.initThread, 0, 0, threadFunneled, uintptr(unsafe.Pointer(&provided))},
		{w.lib.commRank, w.lib.world, uintptr(unsafe.Pointer(&rank))},
		{w.lib.commSize, w.lib.world, uintptr(unsafe.Pointer(&size))},
		{w.lib.setErrhandler, w.lib.world, w.lib.errorsReturn},
	} {
		if err := w.lib.call(call[0], call[1:]...); err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	runtime.KeepAlive([]*int32{&provided, &rank, &size})
	if provided < threadFunneled {
		return fmt.Errorf("%w: Open MPI was built for programs without threads", ErrUnavailable)
	}
	w.rank, w.size = int(rank), int(size)
	return nil
}

// do runs f on MPI's thread.
func (w *World) do(f func()) {
	done := make(chan struct{})
	w.calls <- func() {
		f()
		close(done)
	}
	<-done
}

// Rank is that of this process.
func (w *World) Rank() int { return w.rank }

// Size is how many ranks there are.
func (w *World) Size() int { return w.size }

// Host is the machine of a rank.
func (w *World) Host(rank int) string { return w.hosts[rank] }

// Exchange posts all messages and returns when they are through.
func (w *World) Exchange(ctx context.Context, messages ...ranks.Message) (err error) {
	w.do(func() { err = w.exchange(ctx, messages) })
	return err
}

func (w *World) exchange(ctx context.Context, messages []ranks.Message) error {
	if w.lost != nil {
		return w.lost
	}
	fail := func(err error) error {
		w.lost = err
		w.kept = append(w.kept, messages)
		return err
	}
	var requests []uintptr
	long := false
	for _, receive := range []bool{true, false} { // what is expected is posted first: it then goes where it belongs at once
		for _, m := range messages {
			for data := range slices.Chunk(m.Data, pieceBytes) {
				if m.Receive != receive {
					break
				}
				long = long || len(data) > longBytes
				f := w.lib.isend
				if receive {
					f = w.lib.irecv
				}
				request := new(uintptr)
				if err := w.lib.call(f, uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)), w.lib.bytes, uintptr(m.Peer), tag, w.lib.world, uintptr(unsafe.Pointer(request))); err != nil {
					return fail(fmt.Errorf("%w: rank %d (%s): %w", ranks.ErrLost, m.Peer, w.host(m.Peer), err))
				}
				requests = append(requests, *request)
			}
		}
	}
	if len(requests) == 0 {
		return nil
	}
	for polls := 0; ; polls++ {
		done := new(int32)
		if err := w.lib.call(w.lib.testall, uintptr(len(requests)), uintptr(unsafe.Pointer(unsafe.SliceData(requests))), uintptr(unsafe.Pointer(done)), 0); err != nil {
			return fail(fmt.Errorf("%w: one of %s: %w", ranks.ErrLost, w.peers(messages), err))
		}
		if *done != 0 {
			runtime.KeepAlive(messages)
			return nil
		}
		if w.beat(); w.lost != nil {
			return fail(w.lost)
		}
		if (polls%64 == 0 || polls > 4000) && ctx.Err() != nil {
			return fail(fmt.Errorf("%w, while waiting for %s", context.Cause(ctx), w.peers(messages)))
		}
		rest(polls, long)
	}
}

// rest leaves the processor to others while nothing comes: not at all for a moment, since a message may be on its way. Long messages move only while somebody
// polls; where all are short, nobody minds if one that took seconds to come, as between two trainings, waits for a hundredth of a second.
func rest(polls int, long bool) {
	switch {
	case polls < 200:
		runtime.Gosched()
	case polls < 4000 || long:
		time.Sleep(50 * time.Microsecond)
	default:
		time.Sleep(10 * time.Millisecond)
	}
}

// longBytes is a long message.
const longBytes = 4 << 10

func (w *World) host(rank int) string {
	if rank < len(w.hosts) {
		return w.hosts[rank]
	}
	return "not known yet"
}

// peers names the ranks that messages are from or for.
func (w *World) peers(messages []ranks.Message) string {
	var list []int
	for _, m := range messages {
		if !slices.Contains(list, m.Peer) {
			list = append(list, m.Peer)
		}
	}
	slices.Sort(list)
	var names []string
	for _, r := range list {
		names = append(names, fmt.Sprintf("rank %d (%s)", r, w.host(r)))
	}
	return strings.Join(names, ", ")
}

// Close waits for all ranks and ends the connection. After an exchange that failed it does nothing: nobody would come.
func (w *World) Close() (err error) {
	if w.pulse != nil {
		close(w.pulse.end)
	}
	w.do(func() {
		if w.lost == nil {
			w.lost = errClosed
			err = w.lib.call(w.lib.finalize)
		}
	})
	return err
}

// errClosed is what comes of an exchange after the end.
var errClosed = fmt.Errorf("%w: the connection is closed", ranks.ErrLost)

// Abort ends the processes of all ranks, with that exit code where the launcher can. It returns if that takes too long, as it may where a machine is gone: the
// launcher ends the others then when this process ends.
func (w *World) Abort(code int) {
	ended := make(chan struct{})
	go func() {
		w.do(func() { _ = w.lib.call(w.lib.abort, w.lib.world, uintptr(code)) })
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
	}
}
