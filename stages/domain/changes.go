package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
)

// ChangesFile is the table of the data checkpoint that says in what its corpus differs from that of the run before: rows of Change. Only a run
// that brings another up to date has it.
const ChangesFile = "changes.arrow"

// What has become of a section.
const (
	NewSection       = "new"
	ChangedSection   = "changed"
	WithdrawnSection = "withdrawn"
)

// Change is a section in which two corpora differ. Sections are the same if they have the same place, and unchanged if title, heading and text
// are those of before. The text of a withdrawn section is not kept, only its digest.
type Change struct {
	What    string `arrow:"what"`
	Index   int64  `arrow:"index"` // in the corpus; of a withdrawn section, in that of before
	ID      string `arrow:"id"`
	Title   string `arrow:"title"`
	Number  string `arrow:"number"`
	Heading string `arrow:"heading"`
	Was     string `arrow:"was"` // digest of the section before; empty: it was not there
	Is      string `arrow:"is"`  // digest of the section; empty: it is not there
}

// Changes are what a run that brings another up to date has to learn and to forget.
type Changes struct {
	Fresh     []int            // indices of new and changed sections, rising
	Kept      []int            // of the others
	Withdrawn []corpus.Section // without their texts
	New       int              // of Fresh
}

// Size is how many sections differ.
func (c *Changes) Size() int { return len(c.Fresh) + len(c.Withdrawn) }

// Changed are those of Fresh that were there before.
func (c *Changes) Changed() int { return len(c.Fresh) - c.New }

// Compared is what Compare finds.
type Compared struct {
	Rows   []Change
	Before map[string]string // id of a section → its id before; only of those that were there
}

// known is a section of the corpus before.
type known struct {
	digest, id string
	index      int64
	still      bool
}

// Compare finds the sections in which a corpus differs from the one before. Of each section before it holds some 200 bytes.
func Compare(before corpus.Store, now iter.Seq2[corpus.Section, error], forms form.Set) (*Compared, error) {
	index, count := map[string]*known{}, map[string]int{}
	for i, s := range before.All() {
		index[keyOf(s, forms, count)] = &known{digest: digestOf(s), id: s.ID, index: int64(i)}
	}
	out := &Compared{Before: map[string]string{}}
	clear(count)
	i := int64(-1)
	for s, err := range now {
		if err != nil {
			return nil, err
		}
		i++
		row := Change{What: NewSection, Index: i, ID: s.ID, Title: s.Title, Number: s.Number, Heading: s.Heading, Is: digestOf(s)}
		if k, ok := index[keyOf(s, forms, count)]; ok {
			k.still = true
			out.Before[s.ID] = k.id
			row.What, row.Was = ChangedSection, k.digest
		}
		if row.Was != row.Is {
			out.Rows = append(out.Rows, row)
		}
	}
	clear(count)
	for i, s := range before.All() {
		if k := index[keyOf(s, forms, count)]; !k.still {
			out.Rows = append(out.Rows, Change{What: WithdrawnSection, Index: int64(i), ID: s.ID, Title: s.Title, Number: s.Number, Heading: s.Heading, Was: k.digest})
		}
	}
	return out, nil
}

// keyOf tells sections apart by their place, and those of one place by their order.
func keyOf(s corpus.Section, forms form.Set, count map[string]int) string {
	place := forms.PlaceOf(s)
	if place == "" {
		place = s.ID
	}
	count[place]++
	return fmt.Sprintf("%s\x00%d", place, count[place])
}

func digestOf(s corpus.Section) string {
	sum := sha256.Sum256([]byte(s.Title + "\x00" + s.Heading + "\x00" + s.Text))
	return hex.EncodeToString(sum[:])
}

// Count says how many sections are new, changed and withdrawn.
func (c *Compared) Count() (added, changed, withdrawn int) {
	for _, r := range c.Rows {
		switch r.What {
		case NewSection:
			added++
		case ChangedSection:
			changed++
		default:
			withdrawn++
		}
	}
	return added, changed, withdrawn
}

// Withdrawn are the sections that are there no more, without their texts.
func (c *Compared) Withdrawn() (out []corpus.Section) {
	for _, r := range c.Rows {
		if r.What == WithdrawnSection {
			out = append(out, r.section())
		}
	}
	return out
}

// section is the section that differs, without its text.
func (r Change) section() corpus.Section {
	return corpus.Section{ID: r.ID, Title: r.Title, Number: r.Number, Heading: r.Heading}
}

// Changes reads what differs from the run before; nil: the data are of no update.
func (d *Domain) Changes() (*Changes, error) {
	rows, _, err := checkpoint.ReadTable[Change](filepath.Join(d.dir, ChangesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, n := &Changes{}, d.Sections.Len()
	fresh := make([]bool, n)
	for _, r := range rows {
		switch {
		case r.What == WithdrawnSection:
			c.Withdrawn = append(c.Withdrawn, r.section())
			continue
		case r.What != NewSection && r.What != ChangedSection || r.Index < 0 || r.Index >= int64(n) || fresh[r.Index]:
			return nil, fmt.Errorf("domain: %s: %w: %s %q at %d", d.dir, checkpoint.ErrCorrupt, r.What, r.ID, r.Index)
		case r.What == NewSection:
			c.New++
		}
		fresh[r.Index] = true
	}
	for i := range n {
		if fresh[i] {
			c.Fresh = append(c.Fresh, i)
		} else {
			c.Kept = append(c.Kept, i)
		}
	}
	return c, nil
}

// Replayed are the kept sections that pass number of a training reads again beside those that differ, rising. order is a permutation of the kept
// sections for each round through them; passes take turns, so that all are read about equally often. replay is Update.Replay.
func (c *Changes) Replayed(replay float64, number int, order func(round int) []int) []int {
	n := Again(replay, len(c.Fresh), len(c.Withdrawn), len(c.Kept))
	taken := map[int]bool{}
	for _, k := range inTurn(n, number, len(c.Kept), order) {
		taken[c.Kept[k]] = true
	}
	return slices.Sorted(maps.Keys(taken))
}

// inTurn are the n of size things whose turn it is in pass number: none comes again before all have come. order is a permutation of them for each round.
func inTurn(n, number, size int, order func(round int) []int) []int {
	var round, taken []int
	for at := number * n; at < (number+1)*n; at++ {
		if k := at % size; round == nil || k == 0 {
			round = order(at / size)
		}
		taken = append(taken, round[at%size])
	}
	return taken
}
