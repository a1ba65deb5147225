package corpus

import (
	"bufio"
	"crypto/sha256"
	"fmt"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
	"slm/data/corpus/minhash"
)

// dedup remembers of each document kept its title and its print, never its text.
type dedup struct {
	exact  map[[printBytes]byte]int32 // → document; nil when exact copies are kept
	near   *minhash.Index             // nil when near copies are kept
	titles []string
}

// printBytes is how much of a SHA-256 is compared: 128 bits.
const printBytes = 16

// print is what a document is compared by.
type print struct {
	words     [printBytes]byte // hash of its words
	signature minhash.Signature
}

func newDedup(exact bool, similarity float64) *dedup {
	d := &dedup{}
	if exact {
		d.exact = map[[printBytes]byte]int32{}
	}
	if similarity > 0 {
		d.near = minhash.NewIndex(similarity)
	}
	return d
}

// print makes what of a document's print will be compared. A record that is a section of a document says something about what the title names: it
// is a copy only of a section under the same title. Any other document is a copy wherever it stands.
func (d *dedup) print(of doc.Document, sections []Section) (p print) {
	if d.exact == nil && d.near == nil {
		return p
	}
	hash, sketch := sha256.New(), minhash.NewSketch()
	words := bufio.NewWriter(hash) // a hash never fails to be written to
	first := true
	if of.IsSection() {
		_, _ = words.WriteString(of.Title + "\x00")
	}
	for _, s := range sections {
		clean.EachWord(s.Text, func(word []byte) {
			if !first {
				_ = words.WriteByte(' ')
			}
			first = false
			_, _ = words.Write(word)
			if d.near != nil {
				sketch.Word(word)
			}
		})
	}
	_ = words.Flush()
	copy(p.words[:], hash.Sum(nil))
	if d.near != nil {
		if p.signature = sketch.Signature(); of.IsSection() {
			p.signature = p.signature.Within(of.Title)
		}
	}
	return p
}

// find returns why a document is left out and the title of what it copies, or nothing when it is no copy of one that was kept.
func (d *dedup) find(p print) (why, title string) {
	if of, ok := d.exact[p.words]; ok {
		return exactCopy, d.titles[of]
	}
	if d.near != nil {
		if of, s := d.near.Nearest(p.signature); of >= 0 {
			return fmt.Sprintf("near copy (%.2f)", s), d.titles[of]
		}
	}
	return "", ""
}

// keep lets later documents be compared with this one.
func (d *dedup) keep(title string, p print) {
	if d.near != nil {
		d.near.Add(p.signature)
	}
	if d.exact != nil {
		d.exact[p.words] = int32(len(d.titles))
	}
	d.titles = append(d.titles, title)
}
