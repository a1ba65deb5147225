// Package prep is the first stage: from files, or the texts inside the program, to what the training stages read. It cleans and cuts
// the corpus into sections, makes the exam and its splits, trains the tokenizer and writes token shards.
//
// It trains no model and asks no black box. A corpus may be larger than memory: documents go by one at a time, and what stays of them is
// what later ones are compared with. What is done is kept in parts in the work area, so that an interrupted call goes on.
package prep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/tokenizer"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
)

// DroppedFile is the table of everything that is in no section, with the reason: rows of corpus.Drop.
const DroppedFile = "dropped.arrow"

const (
	shardTokens = 4 << 20  // tokens of a shard: 16 MB
	defaultNear = 0.8      // similarity of near copies in the exam, when the corpus keeps them
	phases      = 4        // steps that progress is reported in
	trainBytes  = 32 << 20 // text that the tokenizer is trained on, about
)

// Stage prepares the data of a run.
type Stage struct {
	cfg    Config
	tok    Tokenizer
	from   string // reference of the weights whose tokenizer is taken; "" = one is trained
	update domain.Update
}

// New returns the stage.
func New(cfg Config, tok Tokenizer) *Stage { return &Stage{cfg: cfg, tok: tok} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.Data }

// Set returns the forms that a recipe describes: the place is the first document form, the first question form is the exam's.
func (f Forms) Set() form.Set {
	set := form.Set{Place: f.Place, Document: f.Document, Question: f.Question, Heading: f.Heading, Quote: f.Quote}
	if f.Place != "" {
		set.Document = append([]string{f.Place}, f.Document...)
	}
	if len(f.Question) > 0 {
		set.Exam = f.Question[0]
	}
	return set
}

// Run writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	forms := s.cfg.Forms.Set()
	if err := forms.Validate(); err != nil {
		return err
	}
	p, err := checkpoint.Begin(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	w := &work{Stage: s, ctx: ctx, env: env, p: p, forms: forms, m: env.Manifest(stages.Data)}
	for i, part := range []func() error{w.read, w.examine, w.train, w.shard} {
		if err := part(); err != nil {
			w.tidy()
			return errors.Join(err, p.Abort())
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.Data, Step: i + 1, Of: phases})
	}
	if err := p.Commit(w.m); err != nil {
		return err
	}
	env.Emit(stages.Event{Type: "checkpoint", Stage: stages.Data, Path: env.Dir(stages.Data)})
	return os.RemoveAll(env.Work(stages.Data))
}

// work is one run of the stage.
type work struct {
	*Stage
	ctx    context.Context
	env    *stages.Env
	p      *checkpoint.Pending
	m      *checkpoint.Manifest
	forms  form.Set
	tok    *tokenizer.Tokenizer
	end    string  // the token that ends a document
	before *before // nil = the run brings none up to date
}

// area is a folder of the work area.
func (w *work) area(names ...string) string {
	return filepath.Join(append([]string{w.env.Work(stages.Data)}, names...)...)
}

// tidy removes the folders of the work area that hold nothing.
func (w *work) tidy() {
	for _, dir := range []string{w.area("sections"), w.area("kept"), w.area("shards"), w.area(), filepath.Dir(w.area())} {
		_ = os.Remove(dir) // one that holds something stays
	}
}

// read streams the corpus into sections.arrow.
func (w *work) read() error {
	dropped, err := checkpoint.NewTableWriter[corpus.Drop](w.p.Path(DroppedFile), nil)
	if err != nil {
		return err
	}
	opt := w.cfg.Corpus.Options()
	opt.Keep = w.area("sections")
	opt.Dropped = func(d corpus.Drop) error { return dropped.Append(d) }
	sections, report, err := corpus.Sections(opt)
	if err == nil {
		err = corpus.Write(w.p.Path(domain.SectionsFile), until(w.ctx, sections), nil)
	}
	if err != nil {
		return errors.Join(err, dropped.Abort())
	}
	if err := dropped.Close(); err != nil {
		return err
	}
	if err := w.forms.Save(w.p.Path(domain.FormsFile)); err != nil {
		return err
	}
	w.env.Log.Info("corpus", "documents", report.Documents, "sections", report.Sections, "bytes", report.Bytes,
		"exact_copies", report.DroppedExact, "near_copies", report.DroppedNear, "without_sections", report.DroppedShort)
	for _, why := range slices.Sorted(maps.Keys(report.Left)) {
		w.env.Log.Info("left out", "why", why, "rows", report.Left[why].Rows, "characters", report.Left[why].Chars)
	}
	if report.Renamed > 0 {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
			"%d sections have a number or heading that stands in the document before; they are told apart by a number behind it: \"Scope (2)\"", report.Renamed)})
	}
	for name, n := range map[string]int64{
		"documents": int64(report.Documents), "sections": int64(report.Sections), "bytes": report.Bytes, "dropped_exact": int64(report.DroppedExact),
		"dropped_near": int64(report.DroppedNear), "dropped_short": int64(report.DroppedShort),
		"characters": report.Read, "characters_kept": report.Kept, "renamed": int64(report.Renamed),
	} {
		w.m.Counters[name] = n
	}
	w.m.Facts["corpus_digest"], w.m.Facts["forms_digest"] = report.Digest, w.forms.Digest()
	return w.compare()
}

// sections streams what read has written.
func (w *work) sections() iter.Seq2[corpus.Section, error] {
	return until(w.ctx, corpus.Stream(w.p.Path(domain.SectionsFile)))
}

// keep makes a file of the checkpoint. An interrupted stage finds it in its work area, whole, when it comes again.
func (w *work) keep(name string, make func(path string) error) error {
	dir := w.area("kept", name)
	if checkpoint.Verify(dir) != nil {
		p, err := checkpoint.Begin(dir)
		if err != nil {
			return err
		}
		if err := make(p.Path(name)); err != nil {
			return errors.Join(err, p.Abort())
		}
		if err := p.Commit(&checkpoint.Manifest{Stage: stages.Data}); err != nil {
			return err
		}
	}
	return checkpoint.Link(filepath.Join(dir, name), w.p.Path(name))
}

// train learns the tokenizer from the sections in all their document forms, and the words of questions. Of a corpus larger than
// trainBytes it reads a share, drawn section by section: words beyond that take memory and change few merges.
func (w *work) train() error {
	err := w.keep(domain.TokenizerFile, func(path string) error {
		learn := w.learn
		if w.from != "" {
			learn = w.borrow
		}
		tok, err := learn()
		if err != nil {
			return err
		}
		return tok.Save(path)
	})
	if err != nil {
		return err
	}
	if w.tok, err = tokenizer.Load(w.p.Path(domain.TokenizerFile)); err != nil {
		return err
	}
	w.end = domain.EOS
	if w.from != "" {
		if w.end, err = w.endOf(); err != nil {
			return err
		}
		w.m.Facts[domain.EndFact] = w.end
	} else if w.tok.Vocab() < w.Stage.tok.Train.Vocab {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
			"the corpus has words for %d tokens only, not for %d (tokenizer.train.vocab)", w.tok.Vocab(), w.Stage.tok.Train.Vocab)})
	}
	w.m.Counters["vocab"], w.m.Facts["tokenizer_digest"] = int64(w.tok.Vocab()), w.tok.Digest()
	return w.places()
}

// places measures the places, which bound what is generated of one. A place that the recipe's model cannot name is told here; how long that
// model's context is, is no part of the data.
func (w *work) places() error {
	var failed error
	all := func(yield func(int, corpus.Section) bool) {
		i := 0
		for s, err := range w.sections() {
			if failed = err; err != nil || !yield(i, s) {
				return
			}
			i++
		}
	}
	context := w.env.Context
	if context == 0 {
		context = math.MaxInt32
	}
	longest, over := domain.MeasurePlaces(w.tok, w.forms, all, context)
	w.m.Counters[domain.LongestPlace] = int64(longest)
	w.env.Log.Info("places", "longest_tokens", longest, "over", over)
	if over > 0 {
		w.env.Emit(stages.Event{Type: "warning", Stage: stages.Data, Message: fmt.Sprintf(
			"the places of %d of %d sections leave no room for a text in a context of %d tokens: they will never be named (data.forms.place, model.context)",
			over, w.m.Counters["sections"], context)})
	}
	return failed
}

func (w *work) learn() (*tokenizer.Tokenizer, error) {
	share := 1.0
	if size := w.m.Counters["bytes"]; size > trainBytes {
		share = float64(trainBytes) / float64(size)
		w.env.Log.Info("tokenizer", "share_of_sections_read", share)
	}
	var failed error
	texts := func(yield func(string) bool) {
		for s, err := range w.sections() {
			if err != nil {
				failed = err
				return
			}
			if share < 1 && rng.New(w.env.Seed, "tokenizer", "sample", s.ID).Float64() >= share {
				continue
			}
			for i := range w.forms.Document {
				text := w.forms.DocumentOf(s, i)
				if i == 0 {
					text = form.Join(text, s.Text) // the text counts once, however many forms there are
				}
				if !yield(text) {
					return
				}
			}
			if !yield(form.Ask(w.forms.ExamOf(s))) {
				return
			}
		}
	}
	tok, err := tokenizer.Train(texts, tokenizer.TrainOptions{
		Vocab: w.Stage.tok.Train.Vocab, Special: []string{domain.EOS}, Pattern: tokenizer.Pattern(w.Stage.tok.Train.Pattern),
	})
	return tok, errors.Join(failed, err)
}

// shard writes every section in every document form as tokens.
func (w *work) shard() error {
	shards, err := pack.WriteShards(w.area("shards"), func(skip int) iter.Seq2[pack.Example, error] {
		return domain.Shards(w.tok, w.end, w.forms, w.sections(), skip)
	}, shardTokens)
	if err != nil {
		return err
	}
	if err := shards.Link(strings.TrimSuffix(w.p.Path("x"), "x")); err != nil {
		return err
	}
	w.m.Counters["tokens"], w.m.Counters["shards"] = shards.Tokens, int64(len(shards.Files))
	w.env.Log.Info("tokens", "vocab", w.tok.Vocab(), "tokens", shards.Tokens, "forms", len(w.forms.Document), "shards", len(shards.Files))
	return w.general()
}

// until ends a stream with the cause of ctx's end once it is cancelled.
func until(ctx context.Context, sections iter.Seq2[corpus.Section, error]) iter.Seq2[corpus.Section, error] {
	return func(yield func(corpus.Section, error) bool) {
		for s, err := range sections {
			if ctx.Err() != nil {
				yield(corpus.Section{}, context.Cause(ctx))
				return
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
