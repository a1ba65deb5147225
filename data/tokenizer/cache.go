package tokenizer

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
)

// cache remembers the ids of words met before. It is a table of fixed size in which a new word takes the place of the
// one that falls on the same slot: bounded, without locks, and without effect on the ids.
type cache struct {
	seed  maphash.Seed
	slots []atomic.Pointer[cached] // [cacheSlots]
}

type cached struct {
	word string
	ids  []int32
}

const (
	cacheSlots = 1 << 15 // words; about 4 MB when full
	cacheBytes = 128     // longer words are not kept
)

func (c *cache) init() {
	c.seed, c.slots = maphash.MakeSeed(), make([]atomic.Pointer[cached], cacheSlots)
}

// find returns the word's slot and, when the slot holds this word, its entry.
func (c *cache) find(word string) (*atomic.Pointer[cached], *cached) {
	if len(word) > cacheBytes {
		return nil, nil
	}
	slot := &c.slots[maphash.String(c.seed, word)%cacheSlots]
	if e := slot.Load(); e != nil && e.word == word {
		return slot, e
	}
	return slot, nil
}

// keep stores a word in the slot that find returned. The word is copied: it must not hold the text it was cut from.
func (c *cache) keep(slot *atomic.Pointer[cached], word string, ids []int32) {
	if slot != nil {
		slot.Store(&cached{word: strings.Clone(word), ids: slices.Clone(ids)})
	}
}
