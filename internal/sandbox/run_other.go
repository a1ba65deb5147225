//go:build !linux

package sandbox

import (
	"context"
	"fmt"
)

// Check reports that there is no sandbox: namespaces are Linux's.
func Check(context.Context) error {
	return fmt.Errorf("sandbox: %w: programs are run on Linux only", ErrUnavailable)
}

// Run is Check.
func Run(ctx context.Context, _ Command) (Result, error) { return Result{}, Check(ctx) }
