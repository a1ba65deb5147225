//go:build !linux

package checkpoint

import "errors"

// exchange is for systems that can swap two names in one step.
func exchange(string, string) error { return errors.ErrUnsupported }
