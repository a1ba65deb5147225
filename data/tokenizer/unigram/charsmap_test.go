package unigram

import (
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf8"
)

// table is a table by hand: "a" becomes "bc" and "é" (two bytes) nothing.
func table() []byte {
	leaf := func(label, offset uint32) uint32 { return offset<<10 | 1<<8 | label }
	units := make([]uint32, 1024)
	units[0] = 512 << 10 // children at 512 ^ label
	units[512^'a'] = leaf('a', 1)
	units[512^'a'^1] = 1 << 31 // the text at 0
	units[512^0xC3] = 256<<10 | 0xC3
	units[512^0xC3^256^0xA9] = leaf(0xA9, 2)
	units[512^0xC3^256^0xA9^2] = 1<<31 | 2 // the empty text at 2
	data := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, u := range units {
		data = binary.LittleEndian.AppendUint32(data, u)
	}
	return append(data, "bc\x00"...)
}

func TestCharsmap_CharactersBecomeTheirTexts(t *testing.T) {
	c, err := ParseCharsmap(table())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":               "",
		"xax":            "xbcx",
		"é":              "",
		"èé\r\n":         "è\r\n",
		"a\u0301x":       "bcx", // what stands behind it in the same character goes with it
		"a\u20dd\u0301x": "bc\u20dd\u0301x",
		"\x00a":          "\x00bc",
	} {
		if got := c.Normal(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestParseCharsmap_TablesThatCannotBeUsedAreRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":           nil,
		"no index":          {0, 0, 0, 0, 'a'},
		"part of a unit":    {3, 0, 0, 0, 1, 2, 3},
		"longer than it is": {0xFC, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4},
		"no UTF-8":          append(table(), 0xFF),
	} {
		if _, err := ParseCharsmap(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCharsmap_AnyTableIsUsedOrRefused(f *testing.F) {
	f.Add(table(), "aé a\u0301")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		c, err := ParseCharsmap(data)
		if err != nil || !utf8.ValidString(text) {
			return
		}
		if got := c.Normal(text); !utf8.ValidString(got) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
