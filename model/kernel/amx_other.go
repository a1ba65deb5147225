//go:build !amd64

package kernel

func openAMX() (Backend, error)       { return nil, ErrNoAMX }
func openAMXF32() (Backend, error)    { return nil, ErrNoAMX }
func openAMXBF16x3() (Backend, error) { return nil, ErrNoAMX }
