package kernel

import "os"

// OpenInvariant returns the best batch-invariant backend of this machine, for answers to many at once that must not depend on each other. One that
// $SLM_KERNEL names is taken if it is batch-invariant.
func OpenInvariant() (Backend, error) {
	if name := os.Getenv("SLM_KERNEL"); name != "" {
		if be, err := Open(name); err != nil {
			return nil, err
		} else if be.Traits().BatchInvariant {
			return be, nil
		}
	}
	if be, err := openAMX(); err == nil {
		return be, nil
	}
	if hasFastBF16() {
		return openPair()
	}
	return goBackend{}, nil
}
