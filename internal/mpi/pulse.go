//go:build linux && (amd64 || arm64)

package mpi

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"slm/internal/ranks"
)

// pulse is how ranks know that the others live while they compute and send nothing: the first and each of the others give each other a beat every second, beside all messages.
// A process that was stopped, and a machine that has vanished, give none; no launcher notices the one, and the other only after minutes.
type pulse struct {
	now      func() time.Time
	patience time.Duration // that of the first rank, which its beats carry
	peers    []*peer
	last     time.Time
	end      chan struct{}
}

// peer is a rank that is listened to. The library writes to it, so it stays where it is.
type peer struct {
	rank               int
	in, out            [8]byte // the sender's patience, nanoseconds
	receiving, sending uintptr // requests; 0 = none
	heard, sent        time.Time
}

const (
	beatTag   = 8
	beatEvery = time.Second
	// DefaultPatience is how long a rank may be silent where nobody says otherwise: on a machine with far more processes than cores some seconds are usual.
	DefaultPatience = time.Minute
)

// begin makes a pulse between this rank and those that it listens to.
func (w *World) begin(now func() time.Time) {
	p := &pulse{now: now, patience: DefaultPatience, end: make(chan struct{}), last: now()}
	for r := range w.size {
		if r != w.rank && (r == 0 || w.rank == 0) {
			p.peers = append(p.peers, &peer{rank: r, heard: now()})
		}
	}
	w.pulse = p
	go func() {
		tick := time.NewTicker(beatEvery / 2)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.do(w.beat) // it waits while an exchange goes on, which beats by itself
			case <-p.end:
				return
			}
		}
	}()
}

// beat gives and takes beats when it is time, on MPI's thread. A rank that is silent for too long, or that cannot be reached, is the end of every exchange.
func (w *World) beat() {
	p := w.pulse
	if p == nil || w.lost != nil {
		return
	}
	now := p.now()
	away := now.Sub(p.last)
	if away < beatEvery/4 {
		return
	}
	p.last = now
	for _, o := range p.peers {
		if away > p.patience/2 {
			o.heard = now // it was this process that was stopped
		}
		if err := w.beatWith(o, now); err != nil {
			w.lost = fmt.Errorf("%w: rank %d (%s): %w", ranks.ErrLost, o.rank, w.host(o.rank), err)
			return
		}
		if silent := now.Sub(o.heard); silent > p.patience {
			w.lost = fmt.Errorf("%w: rank %d (%s) has been silent for %v: the process is stopped, or its machine is gone", ranks.ErrLost, o.rank, w.host(o.rank), silent.Round(time.Second/10))
			return
		}
	}
}

// beatWith gives a rank a beat and takes what has come from it.
func (w *World) beatWith(o *peer, now time.Time) error {
	post := func(f uintptr, data *[8]byte, request *uintptr) error {
		return w.lib.call(f, uintptr(unsafe.Pointer(data)), 8, w.lib.bytes, uintptr(o.rank), beatTag, w.lib.world, uintptr(unsafe.Pointer(request)))
	}
	through := func(request *uintptr) (bool, error) {
		var done int32
		err := w.lib.call(w.lib.testall, 1, uintptr(unsafe.Pointer(request)), uintptr(unsafe.Pointer(&done)), 0)
		if err == nil && done != 0 {
			*request = 0
		}
		return done != 0, err
	}
	for { // several may have come while nobody looked
		if o.receiving == 0 {
			if err := post(w.lib.irecv, &o.in, &o.receiving); err != nil {
				return err
			}
		}
		come, err := through(&o.receiving)
		if err != nil {
			return err
		}
		if !come {
			break
		}
		o.heard = now
		if o.rank == 0 {
			w.pulse.patience = time.Duration(binary.LittleEndian.Uint64(o.in[:]))
		}
	}
	if o.sending != 0 {
		if gone, err := through(&o.sending); err != nil || !gone {
			return err
		}
	}
	if now.Sub(o.sent) < beatEvery {
		return nil
	}
	o.sent = now
	binary.LittleEndian.PutUint64(o.out[:], uint64(w.pulse.patience))
	return post(w.lib.isend, &o.out, &o.sending)
}

// Patience is how long a rank may be silent before it counts as lost, from now on; the first rank says so for all.
func (w *World) Patience(d time.Duration) { w.do(func() { w.pulse.patience = d }) }
