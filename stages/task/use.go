package task

import (
	"context"
	"path/filepath"

	"slm/checkpoint"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/stages"
	"slm/stages/domain"
)

// Classifier gives texts the labels that a run has learnt.
type Classifier struct {
	dom    *domain.Domain
	reader *reader
	sum    *Labels
}

// Said is what is said of a text.
type Said struct {
	Label     string  `json:"label"`     // "" = none of the labels
	Likeliest string  `json:"likeliest"` // the label that it would have if it had to have one
	Sure      float64 `json:"sure"`      // calibrated probability that this one is right
}

// Open opens the finished task of a run's folder, once its checkpoints have been hashed.
func Open(run string, be kernel.Backend) (*Classifier, error) {
	dir, data := filepath.Join(run, stages.Task), filepath.Join(run, stages.Data)
	for _, checked := range []string{dir, data} {
		if err := checkpoint.Verify(checked); err != nil {
			return nil, err
		}
	}
	sum, err := ReadAs[*Labels](dir)
	if err != nil {
		return nil, err
	}
	params, err := domain.LoadModel(dir)
	if err != nil {
		return nil, err
	}
	dom, err := domain.Open(data)
	if err != nil {
		return nil, err
	}
	return &Classifier{dom, newReader(decode.New(params, be), newAsker(dom, sum.Ask, longest(dom, sum.Labels), params.Config.Context), sum.Labels), sum}, nil
}

// Classify gives a text a label, or none.
func (c *Classifier) Classify(ctx context.Context, text string) (Said, error) {
	said, err := c.reader.guess(ctx, []string{text})
	if err != nil {
		return Said{}, err
	}
	s := Said{Likeliest: name(c.sum.Labels, said[0]), Sure: c.sum.Curve.At(said[0].seen)}
	if s.Sure >= c.sum.Least {
		s.Label = s.Likeliest
	}
	return s, nil
}

// Close unmaps the run's files.
func (c *Classifier) Close() error { return c.dom.Close() }
