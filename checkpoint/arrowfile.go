package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Our own reader of Arrow IPC files, over mapped bytes. Arrow's Go reader copies, panics on malformed files and allocates what a length
// field says; this one hands out views, and checks every length and offset against the file before it uses it. It reads the types
// that this package writes, uncompressed, little-endian, without dictionaries.
// Format: https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format (footer, message and schema tables in format/*.fbs).

const arrowMagic = "ARROW1"

// arrowFile is a parsed footer over the bytes of a file.
type arrowFile struct {
	data   []byte
	mapped bool // data is the file itself, not memory of this program's
	meta   map[string]string
	fields []field
	blocks []block
}

// block says where a record batch lies. // bytes
type block struct{ offset, meta, body int64 }

// field is a column's name and type, the type written as in list<float32>.
type field struct {
	name     string
	typ      string
	width    int // bytes of one value of a fixed-width type; 0 for bool and types of variable width
	children []field
}

// batch is one record batch: its rows, and per node (rows, nulls), and the buffers as views of the file.
type batch struct {
	rows    int
	nodes   [][2]int64
	buffers [][]byte
}

// openMapped maps a file and parses its footer. The caller unmaps file.data.
func openMapped(path string) (*arrowFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // a mapping outlives its file
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if !info.Mode().IsRegular() || size < int64(2*len(arrowMagic)+4) || size > math.MaxInt {
		return nil, fmt.Errorf("%w: %d bytes are not an Arrow file", ErrCorrupt, size)
	}
	data, err := mapFile(f, int(size))
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	a, err := parseArrow(data)
	if err != nil {
		_ = unmap(data)
		return nil, err
	}
	a.mapped = true
	return a, nil
}

// forget takes the pages of the i-th record batch out of the process's memory; whoever reads them again gets them from the file. What is
// mapped counts as resident once it is read, so a file of a gigabyte read front to back would be a gigabyte.
func (a *arrowFile) forget(i int) {
	if b := a.blocks[i]; a.mapped { // other memory would be zero afterwards
		page := int64(os.Getpagesize())
		unload(a.data[b.offset/page*page : b.offset+b.meta+b.body])
	}
}

// forgetAll is forget for the whole file.
func (a *arrowFile) forgetAll() {
	if a.mapped {
		unload(a.data)
	}
}

// guard turns a panic of the flatbuffers library, which indexes without asking, into ErrCorrupt.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: malformed Arrow metadata: %v", ErrCorrupt, r)
	}
}

// parseArrow reads the footer of an Arrow IPC file.
func parseArrow(data []byte) (a *arrowFile, err error) {
	defer guard(&err)
	n := len(data)
	if n < 2*len(arrowMagic)+6 || !bytes.HasPrefix(data, []byte(arrowMagic)) || !bytes.HasSuffix(data, []byte(arrowMagic)) {
		return nil, fmt.Errorf("%w: not a whole Arrow file", ErrCorrupt)
	}
	tail := n - len(arrowMagic) - 4
	size := int64(binary.LittleEndian.Uint32(data[tail:]))
	if size < 8 || size > int64(tail-8) {
		return nil, fmt.Errorf("%w: footer of %d bytes in a file of %d", ErrCorrupt, size, n)
	}
	start := tail - int(size)
	footer, err := rootTable(data[start:tail])
	if err != nil {
		return nil, err
	}
	a = &arrowFile{data: data}
	schema, ok := footer.table(1)
	if !ok {
		return nil, fmt.Errorf("%w: footer without a schema", ErrCorrupt)
	}
	if schema.int16(0) != 0 {
		return nil, fmt.Errorf("%w: big-endian Arrow file", ErrCorrupt)
	}
	if a.fields, err = parseFields(schema, 1, 0); err != nil {
		return nil, err
	}
	a.meta = map[string]string{}
	pairs, err := schema.tables(2)
	if err != nil {
		return nil, err
	}
	for _, kv := range pairs {
		a.meta[kv.string(0)] = kv.string(1)
	}
	if dicts, err := footer.structs(2, 24); err != nil || len(dicts) > 0 {
		return nil, fmt.Errorf("%w: dictionary batches are not read", ErrCorrupt)
	}
	blocks, err := footer.structs(3, 24)
	if err != nil {
		return nil, err
	}
	end := int64(8)
	for i, b := range blocks {
		bl := block{
			offset: int64(binary.LittleEndian.Uint64(b)),
			meta:   int64(int32(binary.LittleEndian.Uint32(b[8:]))),
			body:   int64(binary.LittleEndian.Uint64(b[16:])),
		}
		limit := int64(start)
		if bl.offset < end || bl.offset%8 != 0 || bl.meta < 16 || bl.body < 0 ||
			bl.offset > limit || bl.meta > limit-bl.offset || bl.body > limit-bl.offset-bl.meta {
			return nil, fmt.Errorf("%w: record batch %d lies outside the file or in another", ErrCorrupt, i)
		}
		end = bl.offset + bl.meta + bl.body
		a.blocks = append(a.blocks, bl)
	}
	return a, nil
}

// batch parses the i-th record batch's header.
func (a *arrowFile) batch(i int) (b batch, err error) {
	defer guard(&err)
	bl := a.blocks[i]
	head := a.data[bl.offset : bl.offset+bl.meta]
	body := a.data[bl.offset+bl.meta : bl.offset+bl.meta+bl.body]
	skip := 4
	if binary.LittleEndian.Uint32(head) == 0xffffffff { // continuation mark, always there since format 0.15
		skip = 8
	}
	size := int64(binary.LittleEndian.Uint32(head[skip-4:]))
	if size < 8 || size > int64(len(head)-skip) {
		return b, fmt.Errorf("%w: header of record batch %d has %d bytes", ErrCorrupt, i, size)
	}
	msg, err := rootTable(head[skip : skip+int(size)])
	if err != nil {
		return b, err
	}
	const recordBatch = 3 // MessageHeader
	rec, ok := msg.table(2)
	if !ok || msg.byte(1) != recordBatch {
		return b, fmt.Errorf("%w: message %d is not a record batch", ErrCorrupt, i)
	}
	if _, compressed := rec.table(3); compressed {
		return b, fmt.Errorf("%w: record batch %d is compressed, which cannot be mapped", ErrCorrupt, i)
	}
	rows := rec.int64(0)
	if rows < 0 || rows > math.MaxInt32 {
		return b, fmt.Errorf("%w: record batch %d has %d rows", ErrCorrupt, i, rows)
	}
	b.rows = int(rows)
	nodes, err := rec.structs(1, 16)
	if err != nil {
		return b, err
	}
	for _, s := range nodes {
		b.nodes = append(b.nodes, [2]int64{int64(binary.LittleEndian.Uint64(s)), int64(binary.LittleEndian.Uint64(s[8:]))})
	}
	buffers, err := rec.structs(2, 16)
	if err != nil {
		return b, err
	}
	for k, s := range buffers {
		off, n := int64(binary.LittleEndian.Uint64(s)), int64(binary.LittleEndian.Uint64(s[8:]))
		if off < 0 || n < 0 || off > int64(len(body)) || n > int64(len(body))-off {
			return b, fmt.Errorf("%w: buffer %d of record batch %d lies outside it", ErrCorrupt, k, i)
		}
		b.buffers = append(b.buffers, body[off:off+n:off+n])
	}
	return b, nil
}

// fbTable is a flatbuffers table whose vectors are checked against the bytes behind them. Tables may point at each other in circles and
// many at one string, so a walk also has a budget of bytes, in proportion to the metadata.
type fbTable struct {
	t      flatbuffers.Table
	budget *int
}

func rootTable(buf []byte) (fbTable, error) {
	root := flatbuffers.GetUOffsetT(buf)
	if int64(root) > int64(len(buf)-4) {
		return fbTable{}, fmt.Errorf("%w: metadata starts outside itself", ErrCorrupt)
	}
	budget := 4*len(buf) + 256
	return fbTable{flatbuffers.Table{Bytes: buf, Pos: root}, &budget}, nil
}

// at is the table at a position of the same bytes. guard catches the panic.
func (f fbTable) at(pos flatbuffers.UOffsetT) fbTable {
	f.spend(8)
	return fbTable{flatbuffers.Table{Bytes: f.t.Bytes, Pos: pos}, f.budget}
}

func (f fbTable) spend(n int) {
	if *f.budget -= n; *f.budget < 0 {
		panic("it refers to the same parts over and over")
	}
}

func (f fbTable) slot(i int) flatbuffers.UOffsetT {
	return flatbuffers.UOffsetT(f.t.Offset(flatbuffers.VOffsetT(4 + 2*i)))
}

func (f fbTable) byte(i int) byte {
	if o := f.slot(i); o != 0 {
		return f.t.GetByte(o + f.t.Pos)
	}
	return 0
}

func (f fbTable) int16(i int) int16 {
	if o := f.slot(i); o != 0 {
		return f.t.GetInt16(o + f.t.Pos)
	}
	return 0
}

func (f fbTable) int32(i int) int32 {
	if o := f.slot(i); o != 0 {
		return f.t.GetInt32(o + f.t.Pos)
	}
	return 0
}

func (f fbTable) int64(i int) int64 {
	if o := f.slot(i); o != 0 {
		return f.t.GetInt64(o + f.t.Pos)
	}
	return 0
}

func (f fbTable) string(i int) string {
	if o := f.slot(i); o != 0 {
		raw := f.t.ByteVector(o + f.t.Pos)
		f.spend(len(raw))
		return string(raw)
	}
	return ""
}

func (f fbTable) table(i int) (fbTable, bool) {
	o := f.slot(i)
	if o == 0 {
		return fbTable{}, false
	}
	return f.at(f.t.Indirect(o + f.t.Pos)), true
}

// structs returns the elements of a vector of fixed-size structs.
func (f fbTable) structs(i, size int) ([][]byte, error) {
	o := f.slot(i)
	if o == 0 {
		return nil, nil
	}
	start, n := int64(f.t.Vector(o)), int64(f.t.VectorLen(o))
	if start+n*int64(size) > int64(len(f.t.Bytes)) {
		return nil, fmt.Errorf("%w: metadata has a vector of %d elements in %d bytes", ErrCorrupt, n, len(f.t.Bytes))
	}
	out := make([][]byte, n)
	for k := range out {
		at := start + int64(k*size)
		out[k] = f.t.Bytes[at : at+int64(size)]
	}
	return out, nil
}

// tables returns the elements of a vector of tables.
func (f fbTable) tables(i int) ([]fbTable, error) {
	refs, err := f.structs(i, 4)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	start := f.t.Vector(f.slot(i))
	out := make([]fbTable, len(refs))
	for k := range out {
		out[k] = f.at(f.t.Indirect(start + flatbuffers.UOffsetT(4*k)))
	}
	return out, nil
}
