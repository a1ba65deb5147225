//go:build linux && !amd64 && !arm64

package sandbox

var machines map[string]machine
