package store

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"slm/internal/heartbeat"
	"slm/store/storetest"
)

func TestProbe_AStoreWithoutConditionsIsRefused(t *testing.T) {
	back := s3mem.New()
	if err := back.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(back).Server()
	for _, header := range []string{"If-None-Match", "If-Match"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del(header)
			inner.ServeHTTP(w, r)
		}))
		if err := at(t, s.URL, nil).Probe(ctx, "here"); !errors.Is(err, ErrConditions) {
			t.Errorf("without %s: %v", header, err)
		}
		s.Close()
	}
}

func TestProbe_WhatAKilledProcessHasLeftIsInNobodysWay(t *testing.T) {
	s := at(t, storetest.InProcess(t), nil)
	if err := s.Set(ctx, "probes/here", []byte("second")); err != nil {
		t.Fatal(err)
	}
	if err := s.Probe(ctx, "here"); err != nil {
		t.Error(err)
	}
}

func TestLease_OneAtATimeThroughFaults(t *testing.T) {
	workers, each := 3, 3
	if os.Getenv("SLM_TEST_ALL") != "" {
		workers, each = 8, 10
	}
	storetest.Each(t, func(t *testing.T, on string) {
		var inside, taken atomic.Int32
		var all sync.WaitGroup
		for w := range workers {
			l := NewLeases(at(t, on, &storetest.Faults{Fail: 30, Drop: 30}), time.Hour, fmt.Sprint("worker ", w), time.Now)
			all.Go(func() {
				for mine := 0; mine < each; {
					held, err := l.Take(ctx, "lease")
					if errors.Is(err, ErrTaken) {
						time.Sleep(time.Millisecond)
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if inside.Add(1) != 1 {
						t.Error("two have it")
					}
					mine, _ = mine+1, taken.Add(1)
					inside.Add(-1)
					if err := held.Release(ctx); err != nil && !errors.Is(err, ErrLost) { // the next one may have it before a lost reply is asked for again
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if int(taken.Load()) != workers*each {
			t.Errorf("taken %d times", taken.Load())
		}
	})
}

func TestLease_ASilentHolderIsFollowedByOneAndFindsOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, on string) {
		s := at(t, on, nil)
		var clock atomic.Int64
		now := func() time.Time { return time.Unix(0, clock.Load()) }
		const term = 120 * time.Millisecond
		silent := NewLeases(s, term, "silent", now)
		held, err := silent.Take(ctx, "lease")
		if err != nil {
			t.Fatal(err)
		}
		held.pulse.Stop() // it tells nobody any more
		watchers := []*Leases{NewLeases(s, time.Hour, "one", now), NewLeases(s, time.Hour, "two", now)}
		for _, w := range watchers {
			if _, err := w.Take(ctx, "lease"); !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), "silent") {
				t.Fatal(err)
			}
		}
		clock.Add(int64(time.Hour))
		var got []*Lease
		for _, w := range watchers {
			if l, err := w.Take(ctx, "lease"); err == nil {
				got = append(got, l)
			} else if !errors.Is(err, ErrTaken) {
				t.Error(err)
			}
		}
		if len(got) != 1 {
			t.Fatalf("%d have it", len(got))
		}
		held.pulse = heartbeat.Start(term, term*2/3, now, ErrLost, held.tell) // and wakes up
		after, cancel := held.Context(ctx)
		defer cancel()
		<-after.Done()
		if err := held.Release(ctx); !errors.Is(err, ErrLost) {
			t.Error(err)
		}
		if err := got[0].Release(ctx); err != nil {
			t.Error(err)
		}
		again, err := silent.Take(ctx, "lease")
		if err != nil {
			t.Fatal("what was given back is free at once:", err)
		}
		if err := again.Release(ctx); err != nil {
			t.Error(err)
		}
	})
}
