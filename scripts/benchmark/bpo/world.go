package bpo

import (
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
	w.speaker = knowledge.New(decode.New(w.params, be), w.dom, nil, false)
	cfg := llm.Default()
	cfg.Provider, cfg.Budget = llm.ProviderName(o.provider), llm.Budget{}
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
