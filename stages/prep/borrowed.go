package prep

import (
	"errors"
	"fmt"

	"slm/data/tokenizer"
	"slm/model/weights"
)

// borrow is the tokenizer of the weights that training goes on from.
func (w *work) borrow() (tok *tokenizer.Tokenizer, err error) {
	err = w.look(func(src weights.Source) error {
		tok, err = src.Tokenizer()
		return err
	})
	return tok, err
}

// endOf is the token that ends a text of these weights. There has to be one: an answer that does not end cannot be told from what follows.
func (w *work) endOf() (end string, err error) {
	err = w.look(func(src weights.Source) error {
		if e, ok := src.(weights.Ending); ok {
			if end, err = e.End(); err != nil {
				return err
			}
		}
		if _, ok := w.tok.ID(end); end == "" || !ok {
			return fmt.Errorf("%w: %s names no token that ends a text", weights.ErrUnsupported, src.Name())
		}
		return nil
	})
	return end, err
}

// look opens the weights for a moment.
func (w *work) look(read func(weights.Source) error) error {
	ref, ok, err := weights.Parse(w.from)
	if err != nil || !ok {
		return fmt.Errorf("model.from: %q names no weights: %w", w.from, err)
	}
	src, err := ref.Open()
	if err != nil {
		return fmt.Errorf("model.from: %w", err)
	}
	if err := errors.Join(read(src), src.Close()); err != nil {
		return fmt.Errorf("model.from: %w", err)
	}
	return nil
}
