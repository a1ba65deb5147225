// Package bag is an encoder of texts that is trained from nothing on a corpus of a few megabytes: the weighted mean of the vectors of a text's features,
// as a unit vector. It needs no vocabulary and no language. A training step costs a thousandth of that of a small transformer, which in the same time
// has seen too little to be of use (docs/asked.md).
package bag

import (
	"encoding/json"
	"errors"
	"fmt"

	"slm/checkpoint"
	"slm/internal/elementary"
	"slm/model/op"
	"slm/rng"
)

// ErrFile marks a file that holds no encoder.
var ErrFile = errors.New("bag: not an encoder")

// Config is the shape of an encoder.
type Config struct {
	Rows     int `json:"rows"`     // of the table that features are hashed into
	Width    int `json:"width"`    // values of a vector
	Features int `json:"features"` // version of Features
}

// version of Features: another one has other rows for the same text.
const version = 1

// DefaultConfig has room for the words and pieces of a corpus of some megabytes.
func DefaultConfig() Config { return Config{Rows: 1 << 15, Width: 256, Features: version} }

func (c Config) validate() error {
	if c.Rows < 2 || c.Rows > 1<<24 || c.Width < 1 || c.Width > 1<<13 || c.Features != version {
		return fmt.Errorf("%w: %d rows of %d values, features of version %d", ErrFile, c.Rows, c.Width, c.Features)
	}
	return nil
}

// Params are the weights of an encoder.
type Params struct {
	Config  Config
	Table   []float32 // [R,D]
	Weights []float32 // [R] how much a feature counts
}

// idfScale brings the weights at the start to the size of the table's learning rate.
const idfScale = 0.25

// New draws a table, normal with deviation 0.02, and weighs each feature by its inverse document frequency, ln(1 + (N+½)/(n+½)), scaled: in how many of
// the documents it stands is counts[f], of so many documents. Before it has learnt, an encoder compares texts by the features that they share.
func New(cfg Config, counts []int, documents int, seed uint64) *Params {
	p := &Params{Config: cfg, Table: make([]float32, cfg.Rows*cfg.Width), Weights: make([]float32, cfg.Rows)}
	stream := rng.New(seed, "bag", "table")
	for i := range p.Table {
		p.Table[i] = float32(0.02 * stream.Norm())
	}
	for f := range p.Weights {
		p.Weights[f] = float32(idfScale * elementary.Log1p((float64(documents)+0.5)/(float64(counts[f])+0.5)))
	}
	return p
}

// Encode returns a text's vector, of length 1.
func (p *Params) Encode(text string) []float32 {
	v := make([]float32, p.Config.Width)
	if op.Pool(v, Features(text, p.Config.Rows), p.Table, p.Weights) == 0 {
		v[0] = 1 // weights that have come out as 0: any direction is as good
	}
	return v
}

// Tensors lists the weights in a fixed order. The data are views.
func (p *Params) Tensors() []checkpoint.Tensor {
	return []checkpoint.Tensor{
		{Name: "table", Shape: []int{p.Config.Rows, p.Config.Width}, Data: p.Table},
		{Name: "weights", Shape: []int{p.Config.Rows}, Data: p.Weights},
	}
}

// Write writes an encoder to an Arrow file; its metadata hold the configuration. more are tensors beside it, such as an optimiser's state.
func (p *Params) Write(path string, more ...checkpoint.Tensor) error {
	text, err := json.Marshal(p.Config)
	if err != nil {
		return err
	}
	return checkpoint.WriteWeights(path, map[string]string{"bag": string(text)}, append(p.Tensors(), more...))
}

// Read reads what Write wrote, into memory of its own.
func Read(path string) (p *Params, more []checkpoint.Tensor, err error) {
	w, err := checkpoint.OpenWeights(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	p = &Params{}
	if err := json.Unmarshal([]byte(w.Meta["bag"]), &p.Config); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrFile, path, err)
	}
	if err := p.Config.validate(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, t := range w.Tensors {
		data := append([]float32(nil), t.Data...) // the mapping goes away
		switch {
		case t.Name == "table" && len(data) == p.Config.Rows*p.Config.Width:
			p.Table = data
		case t.Name == "weights" && len(data) == p.Config.Rows:
			p.Weights = data
		case t.Name == "table" || t.Name == "weights":
			return nil, nil, fmt.Errorf("%w: %s: tensor %s has %d values", ErrFile, path, t.Name, len(data))
		default:
			more = append(more, checkpoint.Tensor{Name: string([]byte(t.Name)), Shape: append([]int(nil), t.Shape...), Data: data})
		}
	}
	if p.Table == nil || p.Weights == nil {
		return nil, nil, fmt.Errorf("%w: %s: table or weights are missing", ErrFile, path)
	}
	return p, more, nil
}
