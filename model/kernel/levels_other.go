//go:build !amd64 && !arm64

package kernel

// levels of a processor that no assembly is written for.
var levels = []*level{generic}

func hasTiles() bool { return false }
