package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"os"
	"sync"
)

// blockSize is how many bytes of a file share a pair of checksums in the manifest. The file's SHA-256 says whether it differs; the blocks
// say where, and for damage of up to four bytes in a row also what stood there.
const blockSize = 64 << 10

// blockHex is the length of a block's checksums as text: CRC-32C and CRC-32.
const blockHex = 16

// sums is what a manifest says of a file's contents.
type sums struct {
	sha256 string // hex
	size   int64  // bytes
	blocks string // hex, blockHex for each block of blockSize
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 8*blockSize); return &b }}

// sumFile reads a file once for all its sums.
func sumFile(path string) (sums, error) {
	f, err := os.Open(path)
	if err != nil {
		return sums{}, err
	}
	defer func() { _ = f.Close() }() // read only
	h := sha256.New()
	var s sums
	var text []byte
	shared := buffers.Get().(*[]byte)
	defer buffers.Put(shared)
	buf := *shared
	for {
		n, err := io.ReadFull(f, buf)
		h.Write(buf[:n])
		for at := 0; at < n; at += blockSize {
			text = append(text, blockSums(buf[at:min(n, at+blockSize)])...)
		}
		s.size += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return sums{}, err
		}
	}
	s.sha256, s.blocks = hex.EncodeToString(h.Sum(nil)), string(text)
	return s, nil
}

func blockSums(data []byte) string {
	return fmt.Sprintf("%08x%08x", crc32.Checksum(data, castagnoli), crc32.ChecksumIEEE(data))
}

// damage is where the contents of a file begin to differ from those that its manifest was written for.
type damage struct {
	offset int64  // of the first byte that differs, or of the first block that holds one
	exact  bool   // the offset is that byte's
	blocks int    // blocks that differ
	was    []byte // what stood at offset; nil = not known
}

// findDamage compares a file of the right length with the checksums of its blocks. False = they tell nothing.
func findDamage(path, want, got string) (damage, bool) {
	if len(want) != len(got) || len(want)%blockHex != 0 {
		return damage{}, false
	}
	d := damage{offset: -1}
	first := ""
	for at := 0; at < len(want); at += blockHex {
		if want[at:at+blockHex] == got[at:at+blockHex] {
			continue
		}
		if d.blocks++; d.offset < 0 {
			d.offset, first = int64(at/blockHex)*blockSize, want[at:at+blockHex]
		}
	}
	if d.offset < 0 {
		return damage{}, false
	}
	block, err := readAt(path, d.offset, blockSize)
	if err != nil {
		return d, true
	}
	var c, ieee uint32
	if _, err := fmt.Sscanf(first, "%08x%08x", &c, &ieee); err != nil {
		return d, true
	}
	if at, was, ok := mend(block, c, ieee); ok {
		d.offset, d.exact, d.was = d.offset+int64(at), true, was
	}
	return d, true
}

// mend finds the one run of up to four bytes whose replacement gives a block both of its checksums, and returns its offset and what stood
// there. A CRC is linear: the difference of two checksums is that of the difference of the contents. Taken back byte by byte from the
// block's end, it is at each offset the four bytes that would explain it; the offset at which both checksums agree on them is the right
// one, but for a chance of one in 2³² an offset.
func mend(block []byte, castagnoliSum, ieeeSum uint32) (at int, was []byte, ok bool) {
	c := crc32.Checksum(block, castagnoli) ^ castagnoliSum
	e := crc32.ChecksumIEEE(block) ^ ieeeSum
	backC, backE := backwards(castagnoli), backwards(crc32.IEEETable)
	for at = len(block) - 1; at >= 0; at-- {
		c, e = c<<8^backC[c>>24], e<<8^backE[e>>24]
		if c != e {
			continue
		}
		skip := bits.TrailingZeros32(c) / 8
		first, last := at+skip, at+4-bits.LeadingZeros32(c)/8
		if last > len(block) {
			continue
		}
		for i := first; i < last; i++ {
			was = append(was, block[i]^byte(c>>(8*(i-at))))
		}
		return first, was, true
	}
	return 0, nil, false
}

// backwards is the table that takes a byte of zeros back out of a CRC register: the register shifted up, and with the entry of its highest byte.
func backwards(t *crc32.Table) (back [256]uint32) {
	for i, v := range t {
		back[v>>24] = v<<8 ^ uint32(i)
	}
	return back
}

// HashFile returns the hex SHA-256 and the length of a file.
func HashFile(path string) (sum string, size int64, err error) { return HashStart(path, -1) }

// HashStart is HashFile for a file's first n bytes, or all of them when n < 0 or there are fewer.
func HashStart(path string, n int64) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }()            // read only
	var from io.Reader = struct{ io.Reader }{f} // without a WriteTo of its own, which would not use the buffer
	if n >= 0 {
		from = io.LimitReader(f, n)
	}
	shared := buffers.Get().(*[]byte)
	defer buffers.Put(shared)
	h := sha256.New()
	if size, err = io.CopyBuffer(struct{ io.Writer }{h}, from, *shared); err != nil {
		return "", 0, fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// readAt reads up to n bytes of a file from an offset.
func readAt(path string, offset int64, n int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	buf := make([]byte, n)
	n, err = f.ReadAt(buf, offset)
	if err == io.EOF {
		err = nil
	}
	return buf[:n], err
}
