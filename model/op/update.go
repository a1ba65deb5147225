package op

import (
	"fmt"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"

	"slm/model/kernel"
)

// Update is what is added to a frozen matrix [N,K]: Scale·B·A for each of its parts (LoRA; Hu et al. 2021, arXiv 2106.09685, equation 3). The A of all
// parts lie one below the other.
type Update struct {
	Scale float32
	Rank  int
	A     *G.Node // [parts·Rank, K]
	Parts []UpdatePart
}

// UpdatePart changes the rows [From,To) of the matrix.
type UpdatePart struct {
	From, To int
	B        *G.Node // [To−From, Rank]
}

// nodes are the weights that are learnt.
func (u *Update) nodes() (list G.Nodes) {
	if u == nil {
		return nil
	}
	list = G.Nodes{u.A}
	for _, p := range u.Parts {
		list = append(list, p.B)
	}
	return list
}

// inputs are those of a block whose matrices have updates: its own, then what is learnt, with its types and with what has a gradient.
func inputs(own G.Nodes, types []hm.Type, wrt []bool, frozen bool, updates ...*Update) (G.Nodes, []hm.Type, []bool) {
	for i := range wrt[1:] {
		wrt[1+i] = wrt[1+i] && !frozen
	}
	for _, u := range updates {
		for _, n := range u.nodes() {
			own, types, wrt = append(own, n), append(types, matrix), append(wrt, true)
		}
	}
	return own, types, wrt
}

// update is an Update at work. The product W·x reads the sum: the copies of W that products read are made anew anyway (weight), so no kernel knows of
// updates. The gradients need no gradient of W: with U = X·(s·A)ᵀ and V = dY·(s·B) they are dB = dYᵀ·U and dA = Vᵀ·X.
type update[T kernel.Elem] struct {
	*Runtime[T]
	k, rank int
	scale   float32
	kind    string
	a       *weight[T] // [R,K], R the ranks of all parts
	parts   []updatePart[T]
	dA      *accumulator
}

type updatePart[T kernel.Elem] struct {
	from, to, at int // rows of the matrix, and the first row of its A
	low          kernel.LowRank
	b            *weight[T]
	dB           *accumulator
}

// update prepares what changes a matrix of a kind; nil where nothing does.
func (r *Runtime[T]) update(kind string, u *Update) *update[T] {
	if u == nil {
		return nil
	}
	k := u.A.Shape()[1]
	a := floats(u.A.Value())
	out := &update[T]{Runtime: r, k: k, rank: u.Rank, scale: u.Scale, kind: kind, a: r.weight(kind+".a", u.A)}
	out.a.made = scaled(a, k, u.Scale)
	for i, p := range u.Parts {
		b := floats(p.B.Value())
		part := updatePart[T]{from: p.From, to: p.To, at: i * u.Rank, b: r.weight(fmt.Sprintf("%s.b%d", kind, i), p.B)}
		part.low = kernel.LowRank{B: b, A: a[part.at*k : (part.at+u.Rank)*k], Rank: u.Rank, Scale: u.Scale}
		part.b.made = scaled(b, u.Rank, u.Scale)
		out.parts = append(out.parts, part)
	}
	return out
}

// scaled makes rows of a matrix [·,k] for products, times a number.
func scaled(x []float32, k int, by float32) func(room *[]float32, lo, hi int) []float32 {
	return func(room *[]float32, lo, hi int) []float32 {
		y := kernel.Grow(room, (hi-lo)*k)
		copy(y, x[lo*k:hi*k])
		kernel.Scale(y, by)
		return y
	}
}

// onto is the matrix with its update.
func (u *update[T]) onto(w *weight[T]) *weight[T] {
	if u == nil {
		return w
	}
	w.made = func(room *[]float32, lo, hi int) []float32 {
		y := kernel.Grow(room, (hi-lo)*u.k)
		copy(y, w.master[lo*u.k:hi*u.k])
		b := buffer[float32](madeRows * u.rank)
		defer release(b)
		for _, p := range u.parts {
			if from, to := max(lo, p.from), min(hi, p.to); from < to {
				p.low.AddTo(y[(from-lo)*u.k:(to-lo)*u.k], b, from-p.from, to-p.from)
			}
		}
		return y
	}
	return w
}

// madeRows is enough room for the rows that kernel.Weights asks for at once.
const madeRows = 2 * kernel.PanelAlign

// gradients registers accumulators for what is learnt, and lists them as the inputs are listed.
func (u *update[T]) gradients() (list []*accumulator) {
	if u == nil {
		return nil
	}
	u.dA = u.weightGradient(len(u.parts)*u.rank, u.k)
	list = []*accumulator{u.dA}
	for i := range u.parts {
		p := &u.parts[i]
		p.dB = u.weightGradient(p.to-p.from, u.rank)
		list = append(list, p.dB)
	}
	return list
}

// products are those of the gradients, after the product y = x·Wᵀ with dy [N,·] and x [N,K], rows ldy and ldx apart.
func (u *update[T]) products(dy []T, ldy int, x []T, ldx int) (list []product[T]) {
	if u == nil {
		return nil
	}
	wide := len(u.parts) * u.rank
	left, right := u.scratch(u.kind+".u", wide), u.scratch(u.kind+".v", wide)
	a := u.a.linear()
	b := make([]*kernel.Weights[T], len(u.parts))
	for i, p := range u.parts {
		b[i] = p.b.grad()
	}
	u.tiles(func(_, lo, hi int) {
		kernel.Linear(a, left[lo*wide:hi*wide], x[lo*ldx:], hi-lo, ldx, wide, 0, wide, false)
		for i, p := range u.parts {
			kernel.LinearGrad(b[i], right[lo*wide+p.at:], dy[lo*ldy+p.from:], hi-lo, ldy, wide, false)
		}
	})
	list = append(list, product[T]{sums: u.dA, dy: right, ldy: wide, x: x, ldx: ldx})
	for _, p := range u.parts {
		list = append(list, product[T]{sums: p.dB, dy: dy[p.from:], ldy: ldy, x: left[p.at:], ldx: wide})
	}
	return list
}

// scratch is memory [N,width] that all layers share.
func (r *Runtime[T]) scratch(kind string, width int) []T {
	room := r.rooms[kind]
	if room == nil {
		room = make([]T, r.tokens()*width)
		r.rooms[kind] = room
	}
	return room
}
