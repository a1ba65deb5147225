//go:build !linux || !amd64

package kernel

func requestTiles() error { return ErrNoAMX }
