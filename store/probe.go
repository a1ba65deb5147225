package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/minio/minio-go/v7"
)

// Probe finds out whether the store keeps the conditions of writes, on an object of its own with that name. ErrConditions: it does not, so that nothing may be written that another machine may write too.
func (s *Store) Probe(ctx context.Context, name string) (err error) {
	key := "probes/" + name
	if err := s.remove(ctx, key); err != nil { // that a killed process of the same name has left
		return err
	}
	first, err := s.Put(ctx, key, []byte("first"), "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.remove(ctx, key)) }()
	refuses := func(what, over string) error {
		_, err := s.Put(ctx, key, []byte(what), over)
		switch {
		case errors.Is(err, ErrChanged):
			return nil
		case err == nil:
			return fmt.Errorf("%w: %s writes %s whatever the condition", ErrConditions, s, what)
		}
		return fmt.Errorf("%w: %s: %w", ErrConditions, s, err)
	}
	if err := refuses("what is there already", ""); err != nil {
		return err
	}
	second, err := s.Put(ctx, key, []byte("second"), first)
	if err != nil || second == first {
		return fmt.Errorf("%w: %s does not write over the version that it names (%w)", ErrConditions, s, err)
	}
	return refuses("over another version", first)
}

// remove deletes an object; that it is gone already is no error.
func (s *Store) remove(ctx context.Context, key string) error {
	return s.fail(key, s.client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{}))
}
