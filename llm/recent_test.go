package llm

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"slm/checkpoint"
)

// long are questions of a thousand bytes.
func long(n int) []Request {
	reqs := prompts(n)
	for i := range reqs {
		reqs[i].Prompt += strings.Repeat(".", 1000)
	}
	return reqs
}

// each asks questions one by one and returns the replies' texts.
func each(t *testing.T, s *Service, reqs []Request) (texts []string) {
	t.Helper()
	for _, r := range reqs {
		got, err := s.Do(context.Background(), []Request{r})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, got[0].Text)
	}
	return texts
}

func TestRoom_RepliesThatHaveNoneAreReadFromTheJournalAndNeverBoughtTwice(t *testing.T) {
	f := serve(t)
	journal, table := filepath.Join(t.TempDir(), "replies.wal"), filepath.Join(t.TempDir(), "replies.arrow")
	const room, n = 10_000, 30
	reqs := long(n)
	box := openBox(t, f.config(), Options{Journal: journal, Room: room})
	first := each(t, box, reqs)
	again := openBox(t, f.config(), Options{Journal: journal, Room: room}) // as after a kill
	for _, b := range []*Service{box, again} {
		if b.store.recent.held > room || len(b.store.entries) > room/1000 || len(b.store.entries) == 0 {
			t.Errorf("%d replies of %d bytes are in memory", len(b.store.entries), b.store.recent.held)
		}
		for range 2 {
			if got := each(t, b, reqs); fmt.Sprint(got) != fmt.Sprint(first) {
				t.Errorf("%q, before %q", got, first)
			}
		}
		all, err := b.Do(context.Background(), reqs) // more than there is room for
		if err != nil || len(all) != n || all[n-1].Text != first[n-1] || b.store.recent.held > room || len(b.store.recent.pinned) > 0 {
			t.Errorf("%v, %d bytes are in memory", err, b.store.recent.held)
		}
		if err := b.ExportArrow(table); err != nil {
			t.Fatal(err)
		}
		if rows, _, err := checkpoint.ReadTable[replyRow](table); err != nil || len(rows) != n {
			t.Errorf("%d rows, %v", len(rows), err)
		}
	}
	if f.calls() != n {
		t.Errorf("%d calls for %d questions", f.calls(), n)
	}
}

func TestRoom_WithoutAJournalTheOldestAreForgotten(t *testing.T) {
	f := serve(t)
	const room, n = 10_000, 30
	reqs := long(n)
	box := openBox(t, f.config(), Options{Room: room})
	first := each(t, box, reqs)
	each(t, box, reqs[n-2:])
	if s := box.store; f.calls() != n || len(s.kept) > room/1000 || s.used("") != len(s.kept) {
		t.Errorf("%d calls, %d replies of %d are remembered", f.calls(), len(s.kept), s.used(""))
	}
	all, err := box.Do(context.Background(), reqs) // those that are forgotten are asked again, once, though there is no room for all
	if err != nil || all[0].Text != first[0] || f.calls() > 2*n || box.store.recent.held > room {
		t.Errorf("%d calls, %v", f.calls(), err)
	}
}

func TestRoom_ManyWhoAskGetWhatTheyAskFor(t *testing.T) {
	f := serve(t)
	box := openBox(t, f.config(), Options{Journal: filepath.Join(t.TempDir(), "replies.wal"), Room: 5000})
	reqs := long(12)
	want := each(t, box, reqs)
	var all sync.WaitGroup
	for c := range 8 {
		all.Go(func() {
			for i := range reqs {
				k := (i*5 + c) % len(reqs)
				got, err := box.Do(context.Background(), []Request{reqs[k], reqs[(k+1)%len(reqs)]})
				if err != nil || got[0].Text != want[k] || got[1].Text != want[(k+1)%len(reqs)] {
					t.Errorf("%v, %v", got, err)
				}
			}
		})
	}
	all.Wait()
	if f.calls() != len(reqs) || len(box.store.recent.pinned) > 0 {
		t.Errorf("%d calls, %d keys are pinned", f.calls(), len(box.store.recent.pinned))
	}
}

func TestRoom_DamagedReplyIsAnErrorOnceAndThenAskedAgain(t *testing.T) {
	f := serve(t)
	box := openBox(t, f.config(), Options{Journal: filepath.Join(t.TempDir(), "replies.wal"), Room: 2000})
	reqs := long(5)
	first := each(t, box, reqs)
	for k := range box.store.recent.start {
		box.store.recent.start[k] += 3
	}
	if _, err := box.Do(context.Background(), reqs[:1]); err == nil {
		t.Error("damage is taken for a reply")
	}
	if got := each(t, box, reqs[:1]); got[0] != first[0] || f.calls() != len(reqs)+1 {
		t.Errorf("%q, %d calls", got, f.calls())
	}
}
