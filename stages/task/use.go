package task

import (
	"context"
	"errors"
	"path/filepath"

	"slm/checkpoint"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/stages"
	"slm/stages/domain"
)

// open opens the finished task of a run's folder, of one kind, once its checkpoints have been hashed.
func open[F Figures](run string) (figures F, params *model.Params, dom *domain.Domain, err error) {
	dir, data := filepath.Join(run, stages.Task), filepath.Join(run, stages.Data)
	for _, checked := range []string{dir, data} {
		if err := checkpoint.Verify(checked); err != nil {
			return figures, nil, nil, err
		}
	}
	if figures, err = ReadAs[F](dir); err != nil {
		return figures, nil, nil, err
	}
	if params, err = domain.LoadModel(dir); err != nil {
		return figures, nil, nil, err
	}
	dom, err = domain.Open(data)
	return figures, params, dom, err
}

// Classifier gives texts the labels that a run has learnt.
type Classifier struct {
	dom    *domain.Domain
	reader *reader
	finder *finder
	sum    *Labels
}

// Said is what is said of a text.
type Said struct {
	Label     string  `json:"label"`     // "" = none of the labels
	Likeliest string  `json:"likeliest"` // the label that it would have if it had to have one
	Sure      float64 `json:"sure"`      // calibrated probability that this one is right
	Model     string  `json:"model"`     // the small model's, and
	Nearest   string  `json:"nearest"`   // that of the nearest known text: likeliest is one of them
}

// Open opens the classification of a run's folder. The error is checkpoint.ErrMissing where its task is of another kind.
func Open(run string, be kernel.Backend) (*Classifier, error) {
	sum, params, dom, err := open[*Labels](run)
	if err != nil {
		return nil, err
	}
	asks := newAsker(dom, sum.Ask, longest(dom, sum.Labels), params.Config.Context)
	find, err := openFinder(filepath.Join(run, stages.Task), sum.Labels)
	if err != nil {
		return nil, errors.Join(err, dom.Close())
	}
	return &Classifier{dom, newReader(decode.New(params, be), asks, sum.Labels), find, sum}, nil
}

// Classify gives a text a label, or none: that of the small model or of the nearest known text, whichever is surer of it.
func (c *Classifier) Classify(ctx context.Context, text string) (Said, error) {
	said, err := c.reader.guess(ctx, []string{text})
	if err != nil {
		return Said{}, err
	}
	near, err := c.finder.guess(ctx, text)
	if err != nil {
		return Said{}, err
	}
	a := Answer{
		Model: name(c.sum.Labels, said[0]), Sure: c.sum.Curve.At(said[0].seen),
		Nearest: name(c.sum.Labels, near), NearestSure: c.sum.Together.Nearest.At(near.seen),
	}
	label, seen := a.together()
	s := Said{Likeliest: label, Sure: c.sum.Together.Curve.At(seen), Model: a.Model, Nearest: a.Nearest}
	if s.Sure >= c.sum.Together.Least {
		s.Label = s.Likeliest
	}
	return s, nil
}

// Close unmaps the run's files.
func (c *Classifier) Close() error {
	c.finder.close()
	return c.dom.Close()
}

// Summariser summarises texts as a run has learnt to.
type Summariser struct{ writer *writer }

// OpenSummariser is Open for summaries.
func OpenSummariser(run string, be kernel.Backend) (*Summariser, error) {
	sum, params, dom, err := open[*Summaries](run)
	if err != nil {
		return nil, err
	}
	return &Summariser{&writer{newAsker(dom, sum.Ask, sum.Most, params.Config.Context), decode.New(params, be), sum.Most}}, nil
}

// Summarise summarises a text.
func (s *Summariser) Summarise(ctx context.Context, text string) (Summary, error) {
	said, err := s.writer.write(ctx, []string{text})
	if err != nil {
		return Summary{}, err
	}
	return said[0], nil
}

// Close unmaps the run's files.
func (s *Summariser) Close() error { return s.writer.dom.Close() }
