//go:build !unix

package gguf

import "io"

// mapFile reads the file where there is no mmap.
func mapFile(path string) (data []byte, unmap func() error, err error) {
	file, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	data = make([]byte, size)
	_, err = io.ReadFull(file, data)
	if err = errorsFirst(err, file.Close()); err != nil {
		return nil, nil, err
	}
	return data, func() error { return nil }, nil
}
