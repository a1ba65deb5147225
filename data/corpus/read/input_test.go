package read

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// endless is a line without an end; it counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestInput_GigabyteOnOneLineIsRefusedAtOneBlock(t *testing.T) {
	for _, name := range []string{"a.txt", "a.md", "a.jsonl"} {
		line, before := &endless{}, allocated()
		var err error
		for _, err = range From(io.LimitReader(line, 1<<30), name, name, Options{}) {
		}
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), name+":1:") {
			t.Errorf("%s: %v", name, err)
		}
		if grown := allocated() - before; line.read > blockMost+1<<20 || grown > 8*blockMost {
			t.Errorf("%s: %d bytes read, %d allocated", name, line.read, grown)
		}
	}
}
