package gguf

import (
	"fmt"
	"iter"

	"slm/model"
	"slm/model/blocks"
	"slm/model/kernel"
	"slm/model/weights"
)

// Tensors goes through the file's tensors under Hugging Face's names, each de-quantised when it is read.
func (f *File) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		c, arch, all, err := f.model()
		if err != nil {
			yield(weights.Tensor{}, err)
			return
		}
		for _, v := range all {
			read := func(into []float32) error { return f.read(into, v.Tensor, arch.paired, c.HeadDim) }
			if !yield(weights.Tensor{Name: v.name, Shape: v.Shape, Read: read}, nil) {
				return
			}
		}
	}
}

// model is all that describes the model's tensors.
func (f *File) model() (c model.Config, arch architecture, all []view, err error) {
	if c, err = f.Config(); err != nil {
		return c, arch, nil, err
	}
	if arch, err = architectureOf(f); err != nil {
		return c, arch, nil, err
	}
	all, err = f.views(c)
	return c, arch, all, err
}

// read de-quantises a tensor, its rows in the order of half-split heads.
func (f *File) read(into []float32, t Tensor, paired bool, headDim int) error {
	if err := f.readable(t); err != nil {
		return err
	}
	row := func(r int) int { return r }
	if paired && headed(t.Name) {
		if err := f.heads(t, headDim); err != nil {
			return err
		}
		row = func(r int) int { return halfSplitRow(r, headDim) }
	}
	readRows(into, t, row)
	return nil
}

// heads refuses a matrix whose rows are no whole heads.
func (f *File) heads(t Tensor, headDim int) error {
	if headDim%2 != 0 || t.Shape[0]%headDim != 0 {
		return fmt.Errorf("%w: %s: tensor %s has %d rows, which are no heads of %d", weights.ErrFormat, f.name, t.Name, t.Shape[0], headDim)
	}
	return nil
}

// halfSplitRow says where a row of q or k goes. GGUF's llama keeps the two rows that rotary positions turn together side by side
// (2j, 2j+1 within a head); here they lie half a head apart (j, j+hd/2).
func halfSplitRow(row, headDim int) int {
	head, within := row/headDim*headDim, row%headDim
	return head + within%2*(headDim/2) + within/2
}

// readRows de-quantises a matrix (a vector is a matrix of one row), row r of the file into row(r) of out.
func readRows(out []float32, t Tensor, row func(int) int) {
	rows, cols := 1, t.Shape[len(t.Shape)-1]
	if len(t.Shape) == 2 {
		rows = t.Shape[0]
	}
	stride := len(t.data) / rows
	kernel.Tiles(rows, 256, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			to := row(r) * cols
			blocks.Dequantise(t.Type, out[to:to+cols], t.data[r*stride:(r+1)*stride])
		}
	})
}
