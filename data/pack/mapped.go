package pack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"slm/checkpoint"
)

// Mapped are the tokens of the shards in a folder, as views of the files. It is safe for concurrent use.
type Mapped struct {
	Rows   int
	shards []*checkpoint.Lists
	ends   []int // rows up to and with each shard
}

// OpenShards maps the shards that WriteShards has made, in order. A gap in their numbers is checkpoint.ErrCorrupt, as is a folder without one.
func OpenShards(dir string) (*Mapped, error) {
	names, err := filepath.Glob(filepath.Join(dir, "corpus-*.arrow"))
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	m := &Mapped{}
	for i := 0; i < max(1, len(names)); i++ {
		shard, err := checkpoint.OpenLists(filepath.Join(dir, shardName(i)), "tokens")
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%w: %s is missing from %s", checkpoint.ErrCorrupt, shardName(i), dir)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("pack: %w", err), m.Close())
		}
		m.Rows += shard.Rows
		m.shards, m.ends = append(m.shards, shard), append(m.ends, m.Rows)
	}
	return m, nil
}

// shard returns the shard of a row, and the row within it.
func (m *Mapped) shard(row int) (*checkpoint.Lists, int) {
	i := sort.SearchInts(m.ends, row+1)
	if i > 0 {
		row -= m.ends[i-1]
	}
	return m.shards[i], row
}

// Len is the number of tokens of a row, 0 ≤ row < Rows.
func (m *Mapped) Len(row int) int {
	shard, i := m.shard(row)
	return shard.Len(i)
}

// At are the tokens of a row, not to be written to, and valid until Close.
func (m *Mapped) At(row int) []int32 {
	shard, i := m.shard(row)
	return shard.At(i)
}

// Forget gives the memory back that reading took.
func (m *Mapped) Forget() {
	for _, s := range m.shards {
		s.Forget()
	}
}

// Close unmaps the files.
func (m *Mapped) Close() error {
	var err error
	for _, s := range m.shards {
		err = errors.Join(err, s.Close())
	}
	m.shards, m.ends, m.Rows = nil, nil, 0
	return err
}
