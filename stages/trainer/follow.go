package trainer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"slm/checkpoint"
	"slm/internal/ranks"
	"slm/model"
	"slm/model/kernel"
	"slm/optim"
)

// Orders are what the other ranks do of a training when rank 0 asks. They need neither data nor a folder. open gives the kernel of a class.
func Orders(open func(kernel.Class) (kernel.Backend, error), now func() time.Time) map[byte]ranks.Order {
	var room echoes
	return map[byte]ranks.Order{
		orderJob: func(ctx context.Context, team *ranks.Team, data []byte) (over bool, err error) {
			if over, err = followJob(ctx, team, data, open, now); err != nil {
				err = fmt.Errorf("rank %d: %w", team.Rank(), err)
			}
			return over, err
		},
		orderEcho: func(ctx context.Context, team *ranks.Team, data []byte) (over bool, err error) {
			size, err := strconv.Atoi(string(data))
			if err != nil {
				return false, err
			}
			return false, room.exchange(ctx, team, size)
		},
	}
}

// followJob trains until rank 0 ends the job, or everything.
func followJob(ctx context.Context, team *ranks.Team, data []byte, open func(kernel.Class) (kernel.Backend, error), now func() time.Time) (exit bool, err error) {
	var u setup
	if err := json.Unmarshal(data, &u); err != nil {
		return false, fmt.Errorf("%w: %w", errOrder, err)
	}
	be, err := open(u.Class)
	if err != nil {
		return false, err
	}
	if be.Class() != u.Class {
		return false, fmt.Errorf("%s: its kernel %s is of class %s, and rank 0 computes in class %s", u.Stage, be.Name(), be.Class(), u.Class)
	}
	p := u.params()
	l := &learner{rule: u.Rule, be: be, team: team}
	var list []ranks.Message
	for _, t := range weights(p) {
		list = append(list, ranks.Message{Receive: true, Data: ranks.Bytes(t.Data)})
	}
	for _, m := range u.Moments {
		n := 1
		for _, d := range m.Shape {
			n *= d
		}
		t := checkpoint.Tensor{Name: m.Name, Shape: m.Shape, Data: make([]float32, n)}
		l.restored = append(l.restored, t)
		list = append(list, ranks.Message{Receive: true, Data: ranks.Bytes(t.Data)})
	}
	if err := team.Exchange(ctx, list...); err != nil {
		return false, err
	}
	if l.gatherer, err = u.gatherer(p, be, team); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, l.graph.Close()) }()
	for {
		kind, data, err := team.Hear(ctx)
		if err != nil || kind == orderEnd || ranks.Dismissed(kind) {
			return ranks.Dismissed(kind), err
		}
		if kind != orderStep {
			return false, errOrder
		}
		if err := l.followStep(ctx, team, data, u, now); err != nil {
			return false, err
		}
	}
}

// followStep takes one step. A loss or a norm that is not finite is for rank 0 to explain: it ends the job.
func (l *learner) followStep(ctx context.Context, team *ranks.Team, data []byte, u setup, now func() time.Time) error {
	b, n, scale, err := decodeRows(data, u.Context, u.Beta != 0)
	if err != nil {
		return err
	}
	if _, _, err = l.share(ctx, team, b, n, scale, now); errors.Is(err, model.ErrNotFinite) {
		return nil
	} else if err != nil {
		return err
	}
	params, err := l.params()
	if err != nil {
		return err
	}
	optim.ClipGlobalNorm(params, u.Rule.Clip)
	kind, data, err := team.Hear(ctx)
	if err != nil {
		return err
	}
	if kind != orderRate || len(data) != 8 {
		return errOrder
	}
	return l.update(ctx, math.Float64frombits(binary.LittleEndian.Uint64(data)))
}
