package serve

import (
	"context"
	"errors"
	"fmt"
	"mime"

	"slm/checkpoint"
	"slm/llm"
)

// kindOf names an error for the log, without its message, which may quote a question.
func kindOf(err error) string {
	for _, k := range []error{
		errDay, llm.ErrBudget, llm.ErrAuth, llm.ErrQuota, llm.ErrOffline, llm.ErrNoWeights, llm.ErrScores, llm.ErrReply, llm.ErrRequest, llm.ErrUnavailable,
		checkpoint.ErrCorrupt, checkpoint.ErrMissing, checkpoint.ErrNewer, context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, k) {
			return k.Error()
		}
	}
	var f *fault
	if errors.As(err, &f) {
		return f.Message // one of this package's own
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return fmt.Sprintf("%T", err)
}

// isJSON reports whether a content type is JSON's.
func isJSON(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && media == "application/json"
}
