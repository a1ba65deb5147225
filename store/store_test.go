package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

	"slm/checkpoint"
	"slm/store/storetest"
)

var ctx = context.Background()

func noise(n int, seed byte) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data) // does not fail
	return data
}

func TestOpen_AddressAndEnvironmentAreChecked(t *testing.T) {
	env := storetest.Environment("")
	for address, want := range map[string]string{
		"s3://b": "", "s3://b/": "", "s3://b/a/b": "", "s3://b/a/b/": "", "http://b": "want s3://", "s3://": "want s3://", "s3:///a": "want s3://", "s3://b/../a": "want s3://", "s3://u:p@b": "want s3://", "s3://b/a?c": "want s3://",
	} {
		s, err := Open(address, env)
		if want == "" && (err != nil || s.String() != strings.TrimSuffix("s3://b/"+strings.TrimPrefix(strings.TrimPrefix(address, "s3://b"), "/"), "/") && s.String() != "s3://b/") {
			t.Errorf("%s: %v %v", address, s, err)
		}
		if want != "" && (!errors.Is(err, ErrURL) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, endpoint := range []string{"host", "ftp://host", "http://host/path", "http://u:" + storetest.Secret + "@host"} {
		if _, err := Open("s3://b", storetest.Environment(endpoint)); !errors.Is(err, ErrURL) || strings.Contains(err.Error(), storetest.Secret) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	if _, err := Open("s3://b", func(string) string { return "" }); !errors.Is(err, ErrURL) || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Error(err)
	}
}

func TestPut_OnlyOverTheVersionThatItNames(t *testing.T) {
	storetest.Each(t, func(t *testing.T, on string) {
		s := at(t, on, nil)
		if _, _, err := s.Get(ctx, "a"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		first, err := s.Put(ctx, "a", []byte("one"), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, "a", []byte("two"), ""); !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
		if again, err := s.Put(ctx, "a", []byte("one"), ""); err != nil || again != first {
			t.Errorf("a reply that was lost: %v", err)
		}
		second, err := s.Put(ctx, "a", []byte("two"), first)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(ctx, "a", []byte("three"), first); !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
		if data, version, err := s.Get(ctx, "a"); err != nil || string(data) != "two" || version != second {
			t.Errorf("%s %s %v", data, version, err)
		}
		if err := s.Probe(ctx, "here"); err != nil {
			t.Error(err)
		}
		if err := errors.Join(s.Set(ctx, "f/b", nil), s.Set(ctx, "f/a/c", nil), s.Set(ctx, "fg", nil)); err != nil {
			t.Fatal(err)
		}
		if keys, err := s.List(ctx, "f"); err != nil || !slices.Equal(keys, []string{"a/c", "b"}) {
			t.Errorf("%v %v", keys, err)
		}
		if keys, err := s.List(ctx, "probes"); err != nil || len(keys) != 0 {
			t.Errorf("the probe leaves %v, %v", keys, err)
		}
	})
}

func TestSend_WhatIsThereIsNotSentAgainAndWhatWasStoppedGoesOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, on string) {
		s := at(t, on, nil)
		for i, size := range []int{0, 1, 5 << 20, 11 << 20} {
			data := noise(size, byte(i))
			digest := checkpoint.HashBytes(data)
			if sent, err := s.Send(ctx, bytes.NewReader(data), int64(size), digest); err != nil || sent != int64(size) {
				t.Fatalf("%d bytes: %d sent, %v", size, sent, err)
			}
			if sent, err := s.Send(ctx, bytes.NewReader(data), int64(size), digest); err != nil || sent != 0 {
				t.Errorf("%d bytes again: %d sent, %v", size, sent, err)
			}
			to := filepath.Join(t.TempDir(), "f")
			if err := s.Fetch(ctx, digest, int64(size), to); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes: others came back, %v", size, err)
			}
		}
		data := noise(17<<20, 99)
		digest := checkpoint.HashBytes(data)
		stop, cancel := context.WithCancel(ctx)
		if sent, err := s.Send(stop, &stopping{bytes.NewReader(data), 2, cancel}, int64(len(data)), digest); err == nil || sent < 5<<20 {
			t.Fatalf("%d sent, %v", sent, err)
		}
		if has, err := s.Has(ctx, digest, int64(len(data))); has || err != nil {
			t.Fatal("half a file is there", err)
		}
		if sent, err := s.Send(ctx, bytes.NewReader(data), int64(len(data)), digest); err != nil || sent > 12<<20 {
			t.Errorf("%d sent, %v: it does not go on", sent, err)
		}
		if err := s.Fetch(ctx, digest, int64(len(data)), filepath.Join(t.TempDir(), "f")); err != nil {
			t.Error(err)
		}
		other := slices.Clone(data)
		other[12<<20] ^= 1 // a file that changes while it is sent
		if _, err := s.Send(ctx, bytes.NewReader(other), int64(len(other)), checkpoint.HashBytes([]byte("x"))); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Error(err)
		}
	})
}

// stopping ends its context when it has been read so often.
type stopping struct {
	*bytes.Reader
	left int
	stop func()
}

func (s *stopping) ReadAt(p []byte, at int64) (int, error) {
	if s.left--; s.left < 0 {
		s.stop()
	}
	return s.Reader.ReadAt(p, at)
}

func TestFetch_DamagedAndMissingFilesAreToldAndLeaveNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, on string) {
		s := at(t, on, nil)
		digest := checkpoint.HashBytes([]byte("text"))
		to := filepath.Join(t.TempDir(), "f")
		if err := s.Fetch(ctx, digest, 4, to); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		for _, text := range []string{"tixt", "tex", "texts"} {
			if err := s.Set(ctx, blob(digest), []byte(text)); err != nil {
				t.Fatal(err)
			}
			if err := s.Fetch(ctx, digest, 4, to); !errors.Is(err, checkpoint.ErrCorrupt) {
				t.Errorf("%s: %v", text, err)
			}
		}
		if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Error("half a file is left")
		}
	})
}

func TestStore_FaultsLoseAndTearNothing(t *testing.T) {
	rounds := 6
	if os.Getenv("SLM_TEST_ALL") != "" {
		rounds = 40
	}
	storetest.Each(t, func(t *testing.T, on string) {
		f := &storetest.Faults{Fail: 60, Drop: 60, Cut: 60, Slow: 3 * time.Millisecond}
		s, calm := at(t, on, f), at(t, on, nil)
		for i := range rounds {
			size := 1 + rand.IntN(300_000)
			if i%6 == 0 {
				size += 10 << 20
			}
			data := noise(size, byte(i))
			digest := checkpoint.HashBytes(data)
			if _, err := s.Send(ctx, bytes.NewReader(data), int64(size), digest); err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			to := filepath.Join(t.TempDir(), "f")
			if err := s.Fetch(ctx, digest, int64(size), to); err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, data) {
				t.Errorf("round %d: torn, %v", i, err)
			}
			if err := calm.Read(ctx, digest, int64(size), &bytes.Buffer{}); err != nil {
				t.Error(err)
			}
		}
		if f.Count.Load() == 0 {
			t.Error("there were no faults")
		}
	})
}

func TestPut_OfManyWritersAtOnceNoneIsLost(t *testing.T) {
	writers, each := 4, 5
	if os.Getenv("SLM_TEST_ALL") != "" {
		writers, each = 8, 25
	}
	storetest.Each(t, func(t *testing.T, on string) {
		f := &storetest.Faults{Fail: 30, Drop: 30}
		if _, err := at(t, on, nil).Put(ctx, "n", []byte("begin"), ""); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for w := range writers {
			s := at(t, on, f)
			all.Go(func() {
				for done := 0; done < each; {
					text, version, err := s.Get(ctx, "n")
					if err != nil {
						t.Error(err)
						return
					}
					word := fmt.Sprintf("%d/%d", w, done)
					if slices.Contains(strings.Fields(string(text)), word) { // it was written, and the reply was lost
						done++
						continue
					}
					if _, err := s.Put(ctx, "n", fmt.Appendf(text, " %s", word), version); err != nil && !errors.Is(err, ErrChanged) {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		text, _, err := at(t, on, nil).Get(ctx, "n")
		words := strings.Fields(string(text))
		slices.Sort(words)
		if len(slices.Compact(slices.Clone(words))) != 1+writers*each || len(words) != 1+writers*each || err != nil {
			t.Errorf("%d words of %d: %v", len(words), 1+writers*each, err)
		}
	})
}

func TestStore_AClockThatDiffersIsNamedOrOfNoMatter(t *testing.T) {
	late := gofakes3.FixedTimeSource(time.Now().Add(time.Hour))
	strict := at(t, storetest.InProcess(t, gofakes3.WithTimeSource(late), gofakes3.WithTimeSkewLimit(15*time.Minute)), nil)
	if _, _, err := strict.Get(ctx, "a"); !errors.Is(err, ErrClock) || strings.Contains(err.Error(), storetest.Secret) {
		t.Error(err)
	}
	loose := at(t, storetest.InProcess(t, gofakes3.WithTimeSource(late), gofakes3.WithTimeSkewLimit(0)), nil)
	l := NewLeases(loose, time.Hour, "me", time.Now)
	held, err := l.Take(ctx, "lease")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewLeases(loose, time.Hour, "you", time.Now).Take(ctx, "lease"); !errors.Is(err, ErrTaken) {
		t.Error(err)
	}
	if err := held.Release(ctx); err != nil {
		t.Error(err)
	}
}
