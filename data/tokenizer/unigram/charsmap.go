package unigram

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Charsmap is SentencePiece's table of what characters become ("precompiled_charsmap"): a double array of sequences, and the texts in their place.
type Charsmap struct {
	units []uint32
	texts []byte // each ends with a NUL
}

// clusterBytes: a user-perceived character of fewer bytes is looked up as a whole.
const clusterBytes = 6

// ParseCharsmap reads a table.
func ParseCharsmap(data []byte) (*Charsmap, error) {
	if len(data) < 4 {
		return nil, fmt.Errorf("%w: a table of characters of %d bytes", ErrFormat, len(data))
	}
	size := binary.LittleEndian.Uint32(data)
	if data = data[4:]; size == 0 || size%4 != 0 || uint64(size) > uint64(len(data)) {
		return nil, fmt.Errorf("%w: a table of characters with %d of %d bytes for its index", ErrFormat, size, len(data))
	}
	c := &Charsmap{units: make([]uint32, size/4), texts: data[size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	if !utf8.Valid(c.texts) {
		return nil, fmt.Errorf("%w: a table of characters whose texts are not UTF-8", ErrFormat)
	}
	return c, nil
}

// Normal makes valid UTF-8 normal as `tokenizers` does: a user-perceived character of less than six bytes that begins with a sequence of the
// table becomes that sequence's text, whatever stands behind it; of others each character by itself. (SentencePiece goes by the longest sequence.)
func (c *Charsmap) Normal(text string) string {
	var b strings.Builder
	for text != "" {
		cluster, rest := firstCluster(text)
		text = rest
		if len(cluster) < clusterBytes {
			if to, ok := c.find(cluster); ok {
				b.WriteString(to)
				continue
			}
		}
		for cluster != "" {
			_, size := utf8.DecodeRuneInString(cluster)
			if to, ok := c.find(cluster[:size]); ok {
				b.WriteString(to)
			} else {
				b.WriteString(cluster[:size])
			}
			cluster = cluster[size:]
		}
	}
	return b.String()
}

// firstCluster cuts off the first user-perceived character (Unicode TR 29).
func firstCluster(text string) (cluster, rest string) {
	if b := text[0]; b < utf8.RuneSelf && b != '\r' && (len(text) == 1 || text[1] < utf8.RuneSelf) {
		return text[:1], text[1:]
	}
	cluster, rest, _, _ = uniseg.FirstGraphemeClusterInString(text, -1)
	return cluster, rest
}

// find returns the text for the shortest sequence of the table that s begins with.
func (c *Charsmap) find(s string) (string, bool) {
	unit := c.units[0]
	at := offset(unit)
	for i := range len(s) {
		b := uint32(s[i])
		if at ^= b; b == 0 || uint64(at) >= uint64(len(c.units)) {
			return "", false
		}
		unit = c.units[at]
		if unit&(1<<31|0xFF) != b {
			return "", false
		}
		at ^= offset(unit)
		if unit>>8&1 == 1 {
			return c.text(at)
		}
	}
	return "", false
}

// text returns the text whose place a leaf holds.
func (c *Charsmap) text(at uint32) (string, bool) {
	if uint64(at) >= uint64(len(c.units)) {
		return "", false
	}
	from := c.units[at] & (1<<31 - 1)
	if uint64(from) >= uint64(len(c.texts)) || !utf8.RuneStart(c.texts[from]) {
		return "", false
	}
	to := c.texts[from:]
	if n := bytes.IndexByte(to, 0); n >= 0 {
		to = to[:n]
	}
	return string(to), true
}

// offset is how far a unit's children are away.
func offset(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }
