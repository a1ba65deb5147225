package search

import (
	"context"
	"errors"
	"strings"
	"testing"

	"slm/retrieve"
)

func TestMiniLM_MissingWeightsNameTheCommand(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	spec, err := LookupEncoder("minilm")
	if err != nil {
		t.Fatal(err)
	}
	if err := spec.Ready(); !errors.Is(err, retrieve.ErrNoEncoder) || !strings.Contains(err.Error(), "make setup") {
		t.Error(err)
	}
	e, err := spec.Open(context.Background(), Source{})
	if e != nil || !errors.Is(err, retrieve.ErrNoEncoder) || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("%v, %v", e, err)
	}
}
