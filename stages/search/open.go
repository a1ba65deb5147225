package search

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"slm/checkpoint"
	"slm/retrieve"
	"slm/stages"
)

// Names of the retrievers.
const (
	Keyword = "keyword" // BM25 over title, number, heading and text
	Dense   = "dense"   // the first encoder's vectors
	Hybrid  = "hybrid"  // everything that the fusion weighs
)

// Open finds out what a run can find sections with: by keywords always, and with a checkpoint of stage find by vectors and by everything
// together. Indices and vectors are read at first use. A checkpoint that is damaged is an error, not an absence.
func Open(from Source) (map[string]retrieve.Retriever, error) {
	keyword := lazy(func() (retrieve.Retriever, error) { return retrieve.OpenKeyword(from.Domain.Sections) })
	out := map[string]retrieve.Retriever{Keyword: keyword}
	dir := from.Dir(stages.Find)
	if _, err := checkpoint.Load(dir); errors.Is(err, checkpoint.ErrMissing) {
		return out, nil
	} else if err != nil {
		return nil, err
	}
	fusion, err := ReadFusion(dir)
	if err != nil {
		return nil, err
	}
	signals := map[string]*lazyRetriever{}
	for i, name := range fusion.Dense {
		spec, err := LookupEncoder(name)
		if err != nil {
			return nil, fmt.Errorf("search: %s: %w", dir, err)
		}
		signals[name] = lazy(func() (retrieve.Retriever, error) { return openDense(from, spec, dir) })
		if out[name] = signals[name]; i == 0 {
			out[Dense] = signals[name]
		}
	}
	out[Hybrid] = lazy(func() (retrieve.Retriever, error) { return fusion.join(from, keyword, signals) })
	return out, nil
}

// Bridge is the name in retrieval.json of the order that a bridge gives to what Hybrid finds.
const Bridge = "bridge"

// Best is the retriever of a run that finds most: Hybrid, or without stage find Keyword.
func Best(retrievers map[string]retrieve.Retriever) retrieve.Retriever {
	if best, ok := retrievers[Hybrid]; ok {
		return best
	}
	return retrievers[Keyword]
}

// join puts the signals together. They stay open when the retriever that it returns is closed.
func (f Fusion) join(from Source, keyword retrieve.Retriever, dense map[string]*lazyRetriever) (retrieve.Retriever, error) {
	if f.Fuse == RRF {
		parts := []retrieve.Retriever{keyword}
		for _, name := range f.Dense {
			parts = append(parts, dense[name])
		}
		return retrieve.Reciprocal(from.Domain.Sections.Len(), parts...), nil
	}
	index := retrieve.NewIndex(from.Domain.Sections, f.Aliases)
	var parts []retrieve.Scorer
	var weights []float64
	for _, s := range f.Signals {
		signal := index.Signal(s.Signal)
		if d, ok := dense[s.Signal]; ok {
			signal = d
		}
		if signal == nil {
			return nil, fmt.Errorf("search: %s: %w: there is no signal %q", FusionFile, checkpoint.ErrCorrupt, s.Signal)
		}
		parts, weights = append(parts, signal), append(weights, s.Weight)
	}
	return retrieve.Learned(weights, parts...)
}

// openDense opens an encoder beside its vectors.
func openDense(from Source, spec EncoderSpec, dir string) (*retrieve.Dense, error) {
	vectors, err := retrieve.ReadVectors(filepath.Join(dir, VectorsFile(spec.Name)), from.Domain.Sections.Len())
	if err != nil {
		return nil, err
	}
	encoder, err := spec.Open(context.Background(), from)
	if err != nil {
		return nil, err
	}
	return retrieve.NewDense(encoder, vectors)
}

// lazyRetriever is opened at the first query. It is safe for concurrent use if what it opens is.
type lazyRetriever struct {
	once sync.Once
	make func() (retrieve.Retriever, error)
	made retrieve.Retriever
	err  error
}

func lazy(open func() (retrieve.Retriever, error)) *lazyRetriever { return &lazyRetriever{make: open} }

func (l *lazyRetriever) open() (retrieve.Retriever, error) {
	l.once.Do(func() { l.made, l.err = l.make() })
	return l.made, l.err
}

// Ready opens it now.
func (l *lazyRetriever) Ready() error {
	_, err := l.open()
	return err
}

// Search implements retrieve.Retriever.
func (l *lazyRetriever) Search(ctx context.Context, query string, k int) ([]retrieve.Hit, error) {
	r, err := l.open()
	if err != nil {
		return nil, err
	}
	return r.Search(ctx, query, k)
}

// Scores implements retrieve.Scorer, where what it opens does.
func (l *lazyRetriever) Scores(ctx context.Context, query string) ([]float64, error) {
	r, err := l.open()
	if err != nil {
		return nil, err
	}
	s, ok := r.(retrieve.Scorer)
	if !ok {
		return nil, fmt.Errorf("search: a %T has no scores", r)
	}
	return s.Scores(ctx, query)
}

// Embed implements retrieve.Embedder, where what it opens does.
func (l *lazyRetriever) Embed(ctx context.Context, texts []string, questions bool) ([][]float32, error) {
	r, err := l.open()
	if err != nil {
		return nil, err
	}
	e, ok := r.(retrieve.Embedder)
	if !ok {
		return nil, fmt.Errorf("search: a %T makes no vectors", r)
	}
	return e.Embed(ctx, texts, questions)
}

// Close implements retrieve.Retriever. It may be called again.
func (l *lazyRetriever) Close() error {
	made := l.made
	if l.made = nil; made == nil {
		return nil
	}
	return made.Close()
}
