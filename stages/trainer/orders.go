package trainer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"slm/checkpoint"
	"slm/internal/ranks"
	"slm/model"
	"slm/model/kernel"
)

// Orders of rank 0 to the others.
const (
	orderJob  = 'j' // a setup; weights and moments follow
	orderStep = 's' // the rank's rows of a step
	orderRate = 'r' // the learning rate of the step, 0 where it is left out
	orderEnd  = 'e' // of the job
	orderEcho = 'p' // so many bytes to and from rank 1
)

// setup is what a rank has to know about a job besides its rows. None but rank 0 reads data, saves or writes.
type setup struct {
	Stage     string       `json:"stage"`
	Config    model.Config `json:"config"`
	Class     kernel.Class `json:"class"`
	Rows      int          `json:"rows"` // of a step
	Shards    int          `json:"shards"`
	Context   int          `json:"context"`
	Micro     int          `json:"micro"` // rows
	Beta      float64      `json:"beta"`  // of preferences; 0 = there are none
	Recompute bool         `json:"recompute"`
	Rule      Optim        `json:"rule"`
	LoRA      *model.LoRA  `json:"lora"`    // of the updates that are trained; nil = all weights are
	Moments   []moment     `json:"moments"` // of a save; none at the start
}

// moment is a tensor of the optimiser's.
type moment struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// params is the model, without values.
func (u setup) params() *model.Params {
	p := model.Zeros(u.Config)
	if u.LoRA != nil {
		p.Adapter = model.ZeroAdapter(u.Config, *u.LoRA)
	}
	return p
}

// weights are all tensors of a model, and of its updates.
func weights(p *model.Params) []checkpoint.Tensor {
	list := p.Tensors()
	if p.Adapter != nil {
		list = append(list, p.Adapter.Tensors(p.Config)...)
	}
	return list
}

// gatherer makes the graph for a rank's leaves.
func (u setup) gatherer(p *model.Params, be kernel.Backend, team *ranks.Team) (*gatherer, error) {
	c := cutOf(u.Rows, u.Shards, u.Beta != 0)
	seqs, most := c.graph(team.Rank(), team.Size(), u.Micro, u.Beta != 0)
	mode := model.Gradients
	if u.Recompute {
		mode = model.Recomputing
	}
	var g *model.Graph
	var err error
	if u.Beta != 0 {
		g, err = model.NewPreferenceGraph(p, be, seqs, u.Context, mode, u.Beta)
	} else {
		g, err = model.NewGraph(p, be, seqs, u.Context, mode)
	}
	if err != nil {
		return nil, err
	}
	return newGatherer(c, g, most, be.Traits().HalfSums), nil
}

var errOrder = fmt.Errorf("%w: an order that makes no sense", ranks.ErrLost)

// encodeRows is the order of a step: rows [lo,hi) of b, and how many rows the step has.
func encodeRows(b model.Batch, lo, hi, n, length int, scale float32) []byte {
	part := rowsOf(b, lo, hi-lo, hi, length)
	out := binary.LittleEndian.AppendUint32(nil, uint32(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(hi-lo))
	out = binary.LittleEndian.AppendUint32(out, math.Float32bits(scale))
	for _, list := range [][]int32{part.Tokens, part.Targets, part.Docs} {
		out = append(out, ranks.Bytes(list)...)
	}
	return append(out, ranks.Bytes(part.References)...)
}

// decodeRows reads the order of a step.
func decodeRows(data []byte, length int, pairs bool) (b model.Batch, n int, scale float32, err error) {
	if len(data) < 12 {
		return b, 0, 0, errOrder
	}
	n, scale = int(binary.LittleEndian.Uint32(data)), math.Float32frombits(binary.LittleEndian.Uint32(data[8:]))
	size := int(binary.LittleEndian.Uint32(data[4:])) * length
	references := 0
	if pairs {
		references = size / length / 2
	}
	if data = data[12:]; len(data) != 4*(3*size+references) {
		return b, 0, 0, errors.Join(errOrder, fmt.Errorf("%d bytes for %d rows", len(data), size/length))
	}
	for _, list := range []*[]int32{&b.Tokens, &b.Targets, &b.Docs} {
		*list = make([]int32, size)
		copy(ranks.Bytes(*list), data)
		data = data[4*size:]
	}
	if pairs {
		b.References = make([]float32, references)
		copy(ranks.Bytes(b.References), data)
	}
	return b, n, scale, nil
}
