//go:build unix

package gguf

import "syscall"

// mapFile maps a file for reading. An empty file, which cannot be mapped, is an empty slice.
func mapFile(path string) (data []byte, unmap func() error, err error) {
	file, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	if size > 0 {
		data, err = syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	}
	// The mapping outlives the descriptor.
	if err = errorsFirst(err, file.Close()); err != nil {
		return nil, nil, err
	}
	return data, func() error {
		if data == nil {
			return nil
		}
		return syscall.Munmap(data)
	}, nil
}
