package ranks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// serving has the ranks behind the first of n serve orders, and returns the first with what ends them.
func serving(t *testing.T, n int, orders map[byte]Order) (*Team, func() []error) {
	t.Helper()
	worlds := Local(n)
	ended := make(chan error, n)
	for _, w := range worlds[1:] {
		go func() { ended <- Serve(t.Context(), New(w), orders) }()
	}
	return New(worlds[0]), func() (all []error) {
		for range worlds[1:] {
			all = append(all, <-ended)
		}
		return all
	}
}

// twice gives back its part, two times over.
func twice(ctx context.Context, team *Team, data []byte) (bool, error) {
	return false, team.Give(ctx, bytes.Repeat(data, 2))
}

func TestDivide_GivesEachRankItsPartAndReturnsWhatItMakes(t *testing.T) {
	team, ended := serving(t, 4, map[byte]Order{'t': twice})
	var wg sync.WaitGroup
	for k := range 8 { // from several goroutines
		wg.Go(func() {
			mine := false
			given, err := team.Divide(t.Context(), 't', [][]byte{nil, []byte("a"), nil, fmt.Append(nil, k)}, func() { mine = true })
			if err != nil || !mine || string(bytes.Join(given, []byte("|"))) != fmt.Sprintf("|aa||%d%d", k, k) {
				t.Errorf("%q, %v", given, err)
			}
		})
	}
	wg.Wait()
	if err := team.Dismiss(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, err := range ended() {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestServe_EndsWithTheErrorOfAnOrder(t *testing.T) {
	wrong := errors.New("wrong")
	for what, c := range map[string]struct {
		do   Order
		kind byte
		want error
	}{
		"an error":         {func(context.Context, *Team, []byte) (bool, error) { return false, wrong }, 't', wrong},
		"an unknown order": {nil, 'u', ErrLost},
		"the end within":   {func(context.Context, *Team, []byte) (bool, error) { return true, nil }, 't', nil},
	} {
		team, ended := serving(t, 2, map[byte]Order{'t': c.do})
		if err := team.Tell(t.Context(), c.kind); err != nil {
			t.Fatal(err)
		}
		if err := ended()[0]; !errors.Is(err, c.want) || c.want == ErrLost && !strings.Contains(err.Error(), `'u'`) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
