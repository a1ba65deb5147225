package corpus

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// dedup remembers of each document kept its title, the hash of its words and its signature, never its text.
type dedup struct {
	exact  map[[sha256.Size]byte]int // → document
	near   *Index
	titles []string
}

// copied is a document recognised as a copy.
type copied struct {
	Drop
	exact bool
}

func newDedup(exact bool, near float64) *dedup {
	d := &dedup{}
	if exact {
		d.exact = map[[sha256.Size]byte]int{}
	}
	if near > 0 {
		d.near = NewIndex(near)
	}
	return d
}

// check compares a document with those kept before. One that is no copy is kept from now on.
func (d *dedup) check(title string, sections []Section) (copied, bool) {
	var text strings.Builder
	for _, s := range sections {
		text.WriteString(s.Text)
		text.WriteByte('\n')
	}
	hash := sha256.Sum256([]byte(strings.Join(Words(text.String()), " ")))
	if of, ok := d.exact[hash]; ok {
		return copied{Drop{title, "exact copy", d.titles[of]}, true}, true
	}
	if d.near != nil {
		m := Signature(text.String())
		if of, s := d.near.Nearest(m); of >= 0 {
			return copied{Drop{title, fmt.Sprintf("near copy (%.2f)", s), d.titles[of]}, false}, true
		}
		d.near.Add(m)
	}
	if d.exact != nil {
		d.exact[hash] = len(d.titles)
	}
	d.titles = append(d.titles, title)
	return copied{}, false
}
