package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"slm/model/weights"
)

// maxHeader is the longest header that is read, as the format's own library has it.
const maxHeader = 100_000_000

// metadataKey is the entry of the header that is no tensor.
const metadataKey = "__metadata__"

// entry is a tensor in the header.
type entry struct {
	Kind    *string `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // first byte and the one behind the last, from the header's end
}

// parse checks a whole header against the file's size. No tensor is touched.
//
// A file is the header's length (8 bytes, little-endian), the header (JSON), and the tensors' values, which fill the rest without a gap.
func parse(name string, data io.ReaderAt, size int64) (*File, error) {
	fail := func(format string, args ...any) (*File, error) {
		return nil, fmt.Errorf("%w: %s: %s", weights.ErrFormat, name, fmt.Sprintf(format, args...))
	}
	var start [8]byte
	if size < int64(len(start)) {
		return fail("%d bytes are too few for a header", size)
	}
	if _, err := data.ReadAt(start[:], 0); err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	length := binary.LittleEndian.Uint64(start[:])
	left := size - int64(len(start))
	if length > uint64(left) || length > maxHeader {
		return fail("a header of %d bytes does not fit the %d that are left, or is longer than %d", length, left, maxHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(data, int64(len(start)), int64(length)), header); err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	f := &File{name: name, data: data, tensors: map[string]tensor{}}
	begin, room := int64(len(start))+int64(length), left-int64(length)
	if err := eachEntry(header, func(key string, e entry) error {
		t, err := e.tensor(key, begin, room)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", weights.Clip(key), err)
		}
		if _, twice := f.tensors[key]; twice {
			return fmt.Errorf("tensor %s stands twice", weights.Clip(key))
		}
		f.tensors[key] = t
		return nil
	}); err != nil {
		return fail("header: %v", err)
	}
	if err := f.whole(begin, size); err != nil {
		return fail("%v", err)
	}
	return f, nil
}

// eachEntry goes through the header's tensors one by one, so that a name that stands twice is seen.
func eachEntry(header []byte, each func(key string, e entry) error) error {
	d := json.NewDecoder(bytes.NewReader(header))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.Join(errors.New("it is no JSON object"), err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key == metadataKey {
			var texts map[string]string
			if err := d.Decode(&texts); err != nil {
				return fmt.Errorf("%s: %w", metadataKey, err)
			}
			continue
		}
		var e entry
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("tensor %s: %w", weights.Clip(key.(string)), err)
		}
		if err := each(key.(string), e); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the JSON object")
	}
	return nil
}

// tensor checks an entry. begin is where the values begin in the file, room how many bytes they are.
func (e entry) tensor(name string, begin, room int64) (tensor, error) {
	switch {
	case e.Kind == nil || e.Shape == nil:
		return tensor{}, errors.New("it lacks dtype or shape")
	case len(e.Offsets) != 2:
		return tensor{}, errors.New("data_offsets are no two numbers")
	case e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > room:
		return tensor{}, fmt.Errorf("data_offsets %v do not lie in the %d bytes of values", e.Offsets, room)
	}
	t := tensor{name: name, kind: *e.Kind, shape: []int{}, at: begin + e.Offsets[0], bytes: e.Offsets[1] - e.Offsets[0], count: 1}
	for _, d := range e.Shape {
		// The product stays within what 16 bytes a value can address.
		if d < 0 || d > 0 && t.count > math.MaxInt64/16/d {
			return tensor{}, fmt.Errorf("shape %v", e.Shape)
		}
		t.count *= d
		t.shape = append(t.shape, int(d))
	}
	if width, ok := widths[t.kind]; ok && t.count*width != t.bytes {
		return tensor{}, fmt.Errorf("%d values of %s in %d bytes", t.count, t.kind, t.bytes)
	}
	return t, nil
}

// whole checks that the tensors fill the file from begin on, one behind the other.
func (f *File) whole(begin, size int64) error {
	all := make([]tensor, 0, len(f.tensors))
	for _, name := range f.Names() {
		all = append(all, f.tensors[name])
	}
	slices.SortStableFunc(all, func(a, b tensor) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.bytes, b.bytes)) })
	for _, t := range all {
		if t.at != begin {
			return fmt.Errorf("tensor %s begins at byte %d, and the one before it ends at %d", weights.Clip(t.name), t.at, begin)
		}
		begin += t.bytes
	}
	if begin != size {
		return fmt.Errorf("the values end at byte %d of %d", begin, size)
	}
	return nil
}
