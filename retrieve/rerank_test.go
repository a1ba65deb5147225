package retrieve

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// backwards is a reranker that turns the order around and drops a section.
type backwards struct {
	drop int
	seen int // hits that it was given last
}

func (b *backwards) Rerank(_ context.Context, _ string, hits []Hit) ([]Hit, error) {
	if b.seen = len(hits); b.seen == 0 {
		return nil, errors.New("nothing to order")
	}
	hits = slices.DeleteFunc(slices.Clone(hits), func(h Hit) bool { return h.Section == b.drop })
	slices.Reverse(hits)
	return hits, nil
}

func TestRerank_LooksDeeperThanItReturns(t *testing.T) {
	plain := open(t, english())
	all, err := plain.Search(context.Background(), "license", 9)
	if err != nil || len(all) < 3 {
		t.Fatalf("%v, %v", all, err)
	}
	by := &backwards{drop: -1}
	for depth, want := range map[int]Hit{0: all[0], 2: all[1], 3: all[2], 99: all[len(all)-1]} {
		got, err := Rerank(plain, by, depth).Search(context.Background(), "license", 1)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("depth %d: %v, %v; want %v", depth, got, err, want)
		}
		if by.seen > max(depth, 1) {
			t.Errorf("depth %d: %d hits were ordered", depth, by.seen)
		}
	}
	by.drop = all[1].Section
	if got, err := Rerank(plain, by, 2).Search(context.Background(), "license", 2); err != nil || len(got) != 1 || got[0] != all[0] {
		t.Errorf("a dropped hit: %v, %v", got, err)
	}
	if got, err := Rerank(plain, by, 2).Search(context.Background(), "license", 0); err != nil || len(got) != 0 {
		t.Errorf("none wanted: %v, %v", got, err)
	}
	if _, err := Rerank(plain, by, 2).Search(context.Background(), "xyzzy", 2); err == nil {
		t.Error("the reranker's error is lost")
	}
}
