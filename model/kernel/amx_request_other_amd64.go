//go:build !linux

package kernel

func requestTiles() error { return ErrNoAMX }
