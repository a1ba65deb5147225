package checkpoint

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBlock_WhatStoodInADamagedOneIsFoundForUpToFourBytesInARow(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 2, 5, 100, 4099, blockSize} {
		block := make([]byte, size)
		for i := range block {
			block[i] = byte(chance.Uint32())
		}
		c, e := crc32.Checksum(block, castagnoli), crc32.ChecksumIEEE(block)
		for range 40 {
			n := min(size, 1+chance.IntN(4))
			at := chance.IntN(size - n + 1)
			hurt := bytes.Clone(block)
			for i := range n {
				hurt[at+i] ^= byte(1 + chance.IntN(255))
			}
			from, was, ok := mend(hurt, c, e)
			if !ok || from != at || !bytes.Equal(was, block[at:at+n]) {
				t.Fatalf("%d bytes at %d of %d: found %v at %d: %x", n, at, size, ok, from, was)
			}
		}
		if size > 50 {
			hurt := bytes.Clone(block)
			hurt[3] ^= 1
			hurt[40] ^= 1
			if from, was, ok := mend(hurt, c, e); ok {
				t.Fatalf("two damaged bytes far apart are taken for %x at %d", was, from)
			}
		}
	}
}

func TestAudit_NamesTheTensorItsIndexAndItsValueOrTheRange(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dp")
	p, err := Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]float32, 3*20_000)
	for i := range data {
		data[i] = float32(i)
	}
	tensors := []Tensor{{Name: "a", Shape: []int{2}, Data: []float32{1, 2}}, {Name: "b", Shape: []int{3, 20_000}, Data: data}}
	if err := WriteWeights(p.Path("weights.arrow"), nil, tensors); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.Path("notes.json"), []byte("{\n  \"a\": 1,\n  \"b\": 2\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Name string `arrow:"name"`
		N    int64  `arrow:"n"`
	}
	var rows []row
	for i := range 5000 {
		rows = append(rows, row{fmt.Sprintf("row-%d", i), int64(i)})
	}
	if err := WriteTable(p.Path("t.arrow"), rows, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(testManifest()); err != nil {
		t.Fatal(err)
	}
	hurt := func(name string, change func(data []byte)) string {
		path := filepath.Join(dir, name)
		whole := read(t, path)
		data := bytes.Clone(whole)
		change(data)
		write(t, path, data)
		_, faults, err := Audit(dir)
		if err != nil || len(faults) != 1 || faults[0].File != name {
			t.Fatalf("%s: %v %v", name, faults, err)
		}
		write(t, path, whole)
		return faults[0].String()
	}
	raw := rawFloats(data[45_000:45_002])
	for want, got := range map[string]string{
		"tensor b, index 45001 [2,5001]: 44996, and was 45001; differs": hurt("weights.arrow", func(data []byte) {
			copy(data[bytes.Index(data, raw)+4:], rawFloats([]float32{44_996}))
		}),
		"tensor b, first at an index from": hurt("weights.arrow", func(data []byte) {
			at := bytes.Index(data, raw)
			copy(data[at:], make([]byte, 4))
			copy(data[at+40:], make([]byte, 4))
		}),
		"tensor a, its name": hurt("weights.arrow", func(data []byte) {
			data[bytes.LastIndex(data[:bytes.Index(data, rawFloats([]float32{1, 2}))], []byte("a\x00"))] = 'x'
		}),
		"line 3, column 8":         hurt("notes.json", func(data []byte) { data[bytes.IndexByte(data, '2')] = '3' }),
		`row 4711, column "name"`:  hurt("t.arrow", func(data []byte) { data[bytes.Index(data, []byte("row-4711"))+7] = '7' }),
		"weights.arrow: byte 3":    hurt("weights.arrow", func(data []byte) { data[3] ^= 1 }),
		"2 blocks of 64 KB differ": hurt("weights.arrow", func(data []byte) { data[70_000] ^= 1; data[140_000] ^= 1 }),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	write(t, filepath.Join(dir, "stray"), nil)
	m, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if strays, err := Strays(dir, m); err != nil || len(strays) != 1 || strays[0] != "stray" {
		t.Error(strays, err)
	}
}

// BenchmarkAudit hashes a gigabyte in two files.
func BenchmarkAudit(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "dp")
	p, err := Begin(dir)
	if err != nil {
		b.Fatal(err)
	}
	half := make([]byte, 1<<29)
	for i := range half {
		half[i] = byte(i * i >> 8)
	}
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(p.Path(name), half, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Commit(testManifest()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(1 << 30)
	for b.Loop() {
		if _, faults, err := Audit(dir); err != nil || len(faults) > 0 {
			b.Fatal(faults, err)
		}
	}
}
