package read

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
)

// The Arrow library believes the lengths in a file's metadata, and a length of billions ends the program. So they are held against the file
// first. Slots of the tables are those of Arrow's Message.fbs, Schema.fbs and File.fbs; a slot n lies at 4+2n.

const depthMost = 64 // of fields in fields

var errMeta = errors.New("damaged: its metadata do not fit the file")

// checkArrowFile holds the footer of a file, and the metadata of its batches, against its size.
func checkArrowFile(at io.ReaderAt, size int64) error {
	tail, err := piece(at, size, size-10, 10)
	if err != nil {
		return err
	}
	length := int64(int32(binary.LittleEndian.Uint32(tail)))
	footer, err := piece(at, size, size-10-length, length)
	if err != nil {
		return err
	}
	root, err := rootOf(footer)
	if err != nil {
		return err
	}
	if schema, ok := table(root, 1); ok {
		if err := checkFields(schema, 1, depthMost); err != nil {
			return err
		}
	}
	for _, slot := range []int{2, 3} { // dictionaries, batches
		start, n, err := vector(root, slot, 24)
		if err != nil {
			return err
		}
		for i := range n {
			block := root.Bytes[int(start)+24*i:]
			from, meta, body := int64(binary.LittleEndian.Uint64(block)), int64(int32(binary.LittleEndian.Uint32(block[8:]))), int64(binary.LittleEndian.Uint64(block[16:]))
			if from < 0 || meta < 8 || body < 0 || from > size || meta > size-from || body > size-from-meta {
				return errMeta
			}
			if _, _, err := checkMessage(at, size, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkArrowStream does the same with the messages of a stream.
func checkArrowStream(at io.ReaderAt, size int64) error {
	for from := int64(0); from < size; {
		next, end, err := checkMessage(at, size, from)
		if err != nil || end {
			return err
		}
		from = next
	}
	return nil
}

// checkMessage looks at the message that begins at a byte. It returns where the next one does, or that there is none.
func checkMessage(at io.ReaderAt, size, from int64) (next int64, end bool, err error) {
	head, err := piece(at, size, from, 4)
	if err != nil {
		return 0, false, err
	}
	if from += 4; binary.LittleEndian.Uint32(head) == 0xffffffff { // since version 0.15
		if head, err = piece(at, size, from, 4); err != nil {
			return 0, false, err
		}
		from += 4
	}
	length := int64(int32(binary.LittleEndian.Uint32(head)))
	if length == 0 {
		return 0, true, nil
	}
	meta, err := piece(at, size, from, length)
	if err != nil {
		return 0, false, err
	}
	m, err := rootOf(meta)
	if err != nil {
		return 0, false, err
	}
	body := m.GetInt64Slot(4+2*3, 0)
	if body < 0 || body > size-from-length {
		return 0, false, errMeta
	}
	if header, ok := table(m, 2); ok {
		switch m.GetByteSlot(4+2*1, 0) {
		case 1: // schema
			err = checkFields(header, 1, depthMost)
		case 2: // dictionary
			if batch, ok := table(header, 1); ok {
				err = checkBatch(batch)
			}
		case 3:
			err = checkBatch(header)
		}
	}
	return from + length + body, false, err
}

// checkFields goes through the fields of a schema or of a field.
func checkFields(t flatbuffers.Table, slot, depth int) error {
	start, n, err := vector(t, slot, 4)
	if err != nil {
		return err
	}
	if depth == 0 {
		return errMeta
	}
	for i := range n {
		at := start + flatbuffers.UOffsetT(4*i)
		f := flatbuffers.Table{Bytes: t.Bytes, Pos: at + t.GetUOffsetT(at)}
		if _, _, err := vector(f, 6, 4); err != nil { // metadata
			return err
		}
		if err := checkFields(f, 5, depth-1); err != nil {
			return err
		}
	}
	_, _, err = vector(t, slot+1, 4) // metadata of both
	return err
}

// checkBatch looks at the lengths of a batch's nodes and buffers.
func checkBatch(t flatbuffers.Table) error {
	_, _, nodes := vector(t, 1, 16)
	_, _, buffers := vector(t, 2, 16)
	_, _, variadic := vector(t, 4, 8)
	return errors.Join(nodes, buffers, variadic)
}

func piece(at io.ReaderAt, size, from, n int64) ([]byte, error) {
	if from < 0 || n < 0 || n > size-from {
		return nil, errMeta
	}
	data := make([]byte, n)
	if _, err := at.ReadAt(data, from); err != nil && err != io.EOF {
		return nil, fmt.Errorf("its metadata: %w", err)
	}
	return data, nil
}

func rootOf(data []byte) (flatbuffers.Table, error) {
	if len(data) < 8 {
		return flatbuffers.Table{}, errMeta
	}
	return flatbuffers.Table{Bytes: data, Pos: flatbuffers.GetUOffsetT(data)}, nil
}

// table is the table in a slot. Where it leads out of the data, what reads it panics, which columnar takes for damage.
func table(t flatbuffers.Table, slot int) (flatbuffers.Table, bool) {
	at := flatbuffers.UOffsetT(t.Offset(flatbuffers.VOffsetT(4 + 2*slot)))
	if at == 0 {
		return flatbuffers.Table{}, false
	}
	return flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(at + t.Pos)}, true
}

// vector is where the elements in a slot begin, and how many there are.
func vector(t flatbuffers.Table, slot, size int) (start flatbuffers.UOffsetT, n int, err error) {
	at := flatbuffers.UOffsetT(t.Offset(flatbuffers.VOffsetT(4 + 2*slot)))
	if at == 0 {
		return 0, 0, nil
	}
	start, n = t.Vector(at), t.VectorLen(at)
	if n < 0 || int64(start)+int64(n)*int64(size) > int64(len(t.Bytes)) {
		return 0, 0, errMeta
	}
	return start, n, nil
}
