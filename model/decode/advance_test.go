package decode

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"slm/rng"
)

// reading is a text, then tokens that count as generated.
type reading struct {
	soft   []float32
	text   []int32
	chosen []int32
	seq    *Sequence
	at     int // rows that are computed
}

func (r *reading) softRows(width int) int { return len(r.soft) / width }

// next is the part that comes after at, of at most n rows.
func (r *reading) next(n, width int) Part {
	soft := r.softRows(width)
	whole := soft + len(r.text)
	if r.at >= whole {
		return Part{Seq: r.seq, Tokens: r.chosen[r.at-whole : r.at-whole+1], Chosen: true}
	}
	lo, hi := r.at, min(r.at+n, whole)
	return Part{Seq: r.seq, Soft: r.soft[min(lo, soft)*width : min(hi, soft)*width], Tokens: r.text[max(lo, soft)-soft : max(hi, soft)-soft]}
}

func readings(vocab, width int) []*reading {
	var out []*reading
	for i, n := range []int{1, 63, 64, 65, 130, 300, 7} {
		r := &reading{text: tokens(uint64(i), n, vocab), chosen: tokens(uint64(100+i), 5, vocab)}
		if i%3 == 1 {
			s := rng.New(uint64(i), "soft")
			for range 3 * width {
				r.soft = append(r.soft, float32(s.Norm()))
			}
		}
		out = append(out, r)
	}
	return out
}

// run advances all readings to their ends, pieces and company by chance, and returns each one's logits by row.
func run(t *testing.T, d *Decoder, all []*reading, chance *rng.Stream, largest int) [][][]float32 {
	t.Helper()
	width := d.config.Width
	out := make([][][]float32, len(all))
	for i, r := range all {
		n := r.softRows(width) + len(r.text) + len(r.chosen)
		r.at, r.seq = 0, d.NewSequence(n)
		out[i] = make([][]float32, n)
	}
	for draws := uint64(0); ; {
		var parts []Part
		var who []int
		var rest bool
		for i, r := range all {
			if r.at == len(out[i]) {
				continue
			}
			rest = true
			if draws++; chance == nil || chance.At(draws).IntN(3) > 0 {
				n := largest
				if chance != nil {
					n = 1 + chance.At(draws).At(1).IntN(largest)
				}
				parts, who = append(parts, r.next(n, width)), append(who, i)
			}
		}
		if !rest {
			break
		}
		var mu sync.Mutex
		err := d.Advance(context.Background(), parts, func(part, row int, logits []float32) {
			mu.Lock()
			defer mu.Unlock()
			r := all[who[part]]
			out[who[part]][r.at+row] = slices.Clone(logits)
		})
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range who {
			all[i].at += parts[k].rows(width)
		}
	}
	for i, r := range all {
		if r.seq.Len() != len(out[i]) {
			t.Fatalf("sequence %d has %d positions, want %d", i, r.seq.Len(), len(out[i]))
		}
		r.seq.Free()
	}
	return out
}

func sameLogits(t *testing.T, what string, got, want [][]float32) {
	t.Helper()
	for row := range want {
		for i, w := range want[row] {
			if math.Float32bits(got[row][i]) != math.Float32bits(w) {
				t.Fatalf("%s: logit %d of row %d is %v, want %v", what, i, row, got[row][i], w)
			}
		}
	}
}

func TestAdvance_NoPieceAndNoCompanyChangesABit(t *testing.T) {
	for name, d := range decoders(t, wideHeads) {
		all := readings(wideHeads.Vocab, wideHeads.Width)
		var alone [][][]float32
		for _, r := range all {
			alone = append(alone, run(t, d, []*reading{r}, nil, 1000)[0])
		}
		for seed := range uint64(4) {
			largest := []int{3, 40, 100, 400}[seed]
			got := run(t, d, all, rng.New(seed, "advance"), largest)
			for i := range all {
				sameLogits(t, fmt.Sprintf("%s, pieces of at most %d, text %d", name, largest, i), got[i], alone[i])
			}
		}
	}
}

func TestAdvance_ReadsAsLogitsAndGenerateDo(t *testing.T) {
	for name, d := range decoders(t, wideHeads) {
		text := tokens(5, 200, wideHeads.Vocab)
		got := run(t, d, []*reading{{text: text}}, nil, 48)[0]
		want, err := d.Logits(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		for row := range got {
			sameLogits(t, name, got[row:row+1], [][]float32{want[row*wideHeads.Vocab : (row+1)*wideHeads.Vocab]})
		}
		answers, err := d.Generate(context.Background(), []Request{{Prompt: text, MaxNew: 8}})
		if err != nil {
			t.Fatal(err)
		}
		got = run(t, d, []*reading{{text: text, chosen: answers[0].Tokens}}, nil, 48)[0]
		for i, token := range answers[0].Tokens {
			if best := slices.Index(got[len(text)-1+i], slices.Max(got[len(text)-1+i])); best != int(token) {
				t.Fatalf("%s: token %d is %d, want %d", name, i, best, token)
			}
		}
	}
}

func TestSequence_CopiedPrefixGoesOnWithTheSameBits(t *testing.T) {
	for name, d := range decoders(t, wideHeads) {
		text := tokens(5, 200, wideHeads.Vocab)
		whole := &reading{text: text, chosen: tokens(6, 3, wideHeads.Vocab)}
		want := run(t, d, []*reading{whole}, nil, 1000)[0]
		other := d.NewSequence(500)
		if err := d.Advance(context.Background(), []Part{{Seq: other, Tokens: append(slices.Clone(text[:150]), tokens(9, 90, wideHeads.Vocab)...), From: 1000}}, nil); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 64, 99, 150} {
			r := &reading{text: text, chosen: whole.chosen, seq: d.NewSequence(203), at: n}
			r.seq.Copy(other, n)
			for r.at < len(want) {
				part := r.next(30, wideHeads.Width)
				err := d.Advance(context.Background(), []Part{part}, func(_, row int, logits []float32) {
					sameLogits(t, fmt.Sprintf("%s, %d copied", name, n), [][]float32{logits}, want[r.at+row:r.at+row+1])
				})
				if err != nil {
					t.Fatal(err)
				}
				r.at += part.rows(wideHeads.Width)
			}
			r.seq.Free()
		}
	}
}

func TestAdvance_RefusesWhatMakesNoSense(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	seq := d.NewSequence(64)
	for what, p := range map[string]Part{
		"nothing":                      {Seq: seq},
		"an unknown token":             {Seq: seq, Tokens: []int32{int32(tiny.Vocab)}},
		"more than there is room":      {Seq: seq, Tokens: tokens(1, 65, tiny.Vocab)},
		"a chosen token of no text":    {Seq: seq, Tokens: []int32{1}, Chosen: true},
		"soft tokens of another width": {Seq: seq, Soft: make([]float32, tiny.Width+1)},
		"a negative row":               {Seq: seq, Tokens: []int32{1}, From: -1},
	} {
		if err := d.Advance(context.Background(), []Part{p}, nil); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	if seq.Len() != 0 {
		t.Errorf("a refused part moved the sequence to %d", seq.Len())
	}
}

// Keys and values of a sequence may be read up to a multiple of a block, and the memory was another one's.
func TestSequence_NothingOfTheOneBeforeIsSeen(t *testing.T) {
	for name, d := range decoders(t, wideHeads) {
		text := &reading{text: tokens(5, 10, wideHeads.Vocab), chosen: tokens(6, 2, wideHeads.Vocab)}
		want := run(t, d, []*reading{text}, nil, 4)[0]
		broken := d.NewSequence(64)
		nan := make([]float32, 64*wideHeads.Width)
		for i := range nan {
			nan[i] = float32(math.NaN())
		}
		if err := d.Advance(context.Background(), []Part{{Seq: broken, Soft: nan, From: 64}}, nil); err != nil {
			t.Fatal(err)
		}
		broken.Free() // the next one gets its memory
		sameLogits(t, name, run(t, d, []*reading{text}, nil, 4)[0], want)
	}
}
