package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/rng"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// world is a small model and a black box that remember what they have said.
type world struct {
	dom     *domain.Domain
	params  *model.Params
	speaker *knowledge.Speaker
	client  *llm.Service
	id      string // of the small model
	dev     []exam.Item
	held    []exam.Item

	journal           *checkpoint.Journal
	pieces            map[string]knowledge.Piece // by prompt and question
	texts             map[string]string          // by place
	choices           map[string]llm.Choice      // by knowledge and question
	saidNow, askedNow int
}

// frame of the journal.
type frame struct {
	Key    string           `json:"k"`
	Piece  *knowledge.Piece `json:"p,omitempty"`
	Choice *llm.Choice      `json:"c,omitempty"`
}

func openWorld(dir string, o options) (*world, error) {
	w := &world{pieces: map[string]knowledge.Piece{}, texts: map[string]string{}, choices: map[string]llm.Choice{}}
	var err error
	if w.dom, err = domain.Open(filepath.Join(dir, stages.Data)); err != nil {
		return nil, err
	}
	weights := filepath.Join(dir, stages.KIT)
	if _, err := os.Stat(weights); errors.Is(err, fs.ErrNotExist) {
		weights = filepath.Join(dir, stages.DP) // stopped before it
	}
	m, err := checkpoint.Load(weights)
	if err != nil {
		return nil, err
	}
	w.id = m.Digest()
	if w.params, err = domain.LoadModel(weights); err != nil {
		return nil, err
	}
	be, err := kernel.Open("")
	if err != nil {
		return nil, err
	}
	w.speaker = knowledge.New(decode.New(w.params, be), w.dom, false)
	cfg := llm.Default()
	cfg.Provider, cfg.Budget = o.provider, llm.Budget{}
	if o.provider == llm.Overlap {
		cfg.Model = "character-trigrams"
	}
	if w.client, err = llm.New(cfg, llm.Options{Kernel: be}); err != nil {
		return nil, err
	}
	w.dev, w.held = w.part(exam.Dev, o.pool), w.part(exam.Test, o.held)
	if len(w.dev) < o.items+2 || len(w.held) == 0 {
		return nil, fmt.Errorf("%d development and %d test questions are too few", len(w.dev), len(w.held))
	}
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return nil, err
	}
	var frames [][]byte
	if w.journal, frames, err = checkpoint.OpenJournal(filepath.Join(o.cache, w.id[:16]+"-"+o.provider+".wal")); err != nil {
		return nil, err
	}
	for _, text := range frames {
		var f frame
		if json.Unmarshal(text, &f) != nil {
			continue
		}
		w.keep(f)
	}
	return w, nil
}

// part is n items of a part of the exam, in an order of their own.
func (w *world) part(split string, n int) []exam.Item {
	items := slices.Clone(exam.Only(w.dom.Items, split))
	slices.SortFunc(items, func(a, b exam.Item) int { return strings.Compare(a.ID, b.ID) })
	rng.New(1, "bench", split).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return items[:min(n, len(items))]
}

// draw takes the questions of a seed from the development items, and two more, which Explore keeps for a choice that it does not make.
func (w *world) draw(seed uint64, n int) (items, rest []exam.Item) {
	dev := slices.Clone(w.dev)
	rng.New(seed, "bench", "draw").Shuffle(len(dev), func(i, j int) { dev[i], dev[j] = dev[j], dev[i] })
	return dev[:n:n], dev[n : n+2]
}

func (w *world) close() error { return errors.Join(w.journal.Close(), w.client.Close()) }

func (w *world) keep(f frame) {
	if f.Piece != nil {
		w.pieces[f.Key] = *f.Piece
		w.texts[f.Piece.Place] = f.Piece.Text
		if f.Piece.Place != "" {
			w.speaker.Remember(f.Piece.Place, f.Piece.Text)
		}
	}
	if f.Choice != nil {
		w.choices[f.Key] = *f.Choice
	}
}

func (w *world) store(frames ...frame) error {
	texts := make([][]byte, len(frames))
	for i, f := range frames {
		var err error
		if texts[i], err = json.Marshal(f); err != nil {
			return err
		}
		w.keep(f)
	}
	return w.journal.Append(texts...)
}

// key is the hash of what an answer depends on.
func key(soft []float32, parts ...string) string {
	h := sha256.New()
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(soft)))
	for _, v := range soft {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	for _, p := range parts {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(p))), p...)
	}
	_, _ = h.Write(b) // a hash does not fail
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (w *world) say(ctx context.Context, questions []string, soft []float32) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, len(questions))
	var ask []string
	var at []int
	for i, q := range questions {
		p, ok := w.pieces[key(soft, q)]
		if out[i] = p; !ok {
			ask, at = append(ask, q), append(at, i)
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	pieces, err := w.speaker.Say(ctx, ask, soft)
	if err != nil {
		return nil, err
	}
	frames := make([]frame, len(ask))
	for k, p := range pieces {
		out[at[k]] = p
		frames[k] = frame{Key: key(soft, ask[k]), Piece: &p}
	}
	w.saidNow += len(ask)
	return out, w.store(frames...)
}

// named is the key of a question with its knowledge.
func (w *world) named(q llm.Question) string {
	return key(nil, append([]string{w.client.Info().Digest, q.Knowledge, q.Question}, q.Choices...)...)
}

// logShare is the logarithm of the right option's share of the likelihood, with the knowledge of a place.
func (w *world) logShare(place string, it exam.Item) float64 {
	c := w.choices[w.named(llm.Question{Knowledge: w.texts[place], Question: it.Question, Choices: it.Choices})]
	var sum float64
	for _, s := range c.Scores {
		sum += math.Exp(s - c.Scores[it.Answer])
	}
	return -math.Log(sum)
}

func (w *world) answer(ctx context.Context, qs []llm.Question) ([]llm.Choice, error) {
	out := make([]llm.Choice, len(qs))
	var ask []llm.Question
	var at []int
	for i, q := range qs {
		c, ok := w.choices[w.named(q)]
		if out[i] = c; !ok {
			ask, at = append(ask, q), append(at, i)
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	choices, err := llm.Answer(ctx, w.client, llm.Cloze, ask)
	if err != nil {
		return nil, err
	}
	frames := make([]frame, len(ask))
	for k, c := range choices {
		out[at[k]] = c
		frames[k] = frame{Key: w.named(ask[k]), Choice: &c}
	}
	w.askedNow += len(ask)
	return out, w.store(frames...)
}

// picks are the options that the black box picks with a prompt.
func (w *world) picks(ctx context.Context, soft []float32, items []exam.Item) ([]int, error) {
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	pieces, err := w.say(ctx, questions, soft)
	if err != nil {
		return nil, err
	}
	qs := make([]llm.Question, len(items))
	for i, it := range items {
		qs[i] = llm.Question{Knowledge: pieces[i].Text, Question: it.Question, Choices: it.Choices}
	}
	choices, err := w.answer(ctx, qs)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(items))
	for i, c := range choices {
		out[i] = c.Index
	}
	return out, nil
}

// right is 1 for each item that the black box answers right with a prompt, else 0.
func (w *world) right(ctx context.Context, soft []float32, items []exam.Item) ([]float64, error) {
	picks, err := w.picks(ctx, soft, items)
	if err != nil {
		return nil, err
	}
	return rights(picks, items), nil
}

func rights(picks []int, items []exam.Item) []float64 {
	out := make([]float64, len(items))
	for i, p := range picks {
		if p == items[i].Answer {
			out[i] = 1
		}
	}
	return out
}

// projection is ours, at the scale of the embeddings.
func (w *world) projection(cfg bpo.Soft, seed uint64) func(z []float64) []float32 {
	return bpo.NewProjection(cfg, w.params.Embed, w.params.Config.Width, rng.New(seed, "bench", "projection")).Soft
}

// softTokens is how many soft tokens every method has.
const softTokens, dims = 5, 10

// unscaled is the published one: A of U(-1,1), and nothing else (nn.Linear without bias).
func (w *world) unscaled(seed uint64) func(z []float64) []float32 {
	width := w.params.Config.Width
	a := make([]float64, softTokens*width*dims)
	stream := rng.New(seed, "bench", "unscaled")
	for i := range a {
		a[i] = 2*stream.Float64() - 1
	}
	return func(z []float64) []float32 {
		out := make([]float32, softTokens*width)
		for i := range out {
			var sum float64
			for j, v := range z {
				sum += a[i*dims+j] * v
			}
			out[i] = float32(sum)
		}
		return out
	}
}

func (w *world) words(prompt string) []float32 { return bpo.Words(w.dom.Tokenizer, w.params, prompt) }

// follow is the held-out accuracy of an arm's best prompt so far, call by call. Paraphrases are tried side by side, so only what they end
// in is known.
func (w *world) follow(ctx context.Context, rows []bpo.TrialRow, arm string, soft func([]float64) []float32) (*curve, error) {
	c := &curve{}
	var best *bpo.TrialRow
	var most int64
	calls := int(rows[0].Asked) // z = 0, which gains are against
	zero, err := w.right(ctx, nil, w.held)
	if err != nil {
		return nil, err
	}
	c.step(calls, zero)
	for i := range rows {
		r := &rows[i]
		if r.Arm != arm || r.Kind == "zero" {
			continue
		}
		calls += int(r.Asked)
		c.Trials++
		c.Calls = calls
		if r.Fidelity < most {
			continue
		}
		if r.Fidelity > most {
			most, best = r.Fidelity, nil
		}
		if r.Gain <= 0 || best != nil && r.Gain <= best.Gain {
			if arm != "text" && best == nil {
				c.step(calls, zero) // z = 0 has come as far as any
			}
			continue
		}
		best = r
		if arm == "text" {
			continue
		}
		right, err := w.right(ctx, soft(r.Z), w.held)
		if err != nil {
			return nil, err
		}
		c.step(calls, right)
	}
	if arm == "text" && best != nil {
		right, err := w.right(ctx, w.words(best.Prompt), w.held)
		if err != nil {
			return nil, err
		}
		c.step(calls, right)
	}
	return c, nil
}
