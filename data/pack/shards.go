package pack

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"slm/checkpoint"
)

// shardName is the name of the i-th shard.
func shardName(i int) string { return fmt.Sprintf("corpus-%05d.arrow", i) }

// Shards are the files that WriteShards has made.
type Shards struct {
	Files    []string // paths, in order
	Examples int
	Tokens   int64
}

// WriteShards streams examples into Arrow files corpus-00000.arrow, … with the columns tokens, prompt and id, each of about shardTokens
// tokens. Each stands in dir in a small checkpoint of its own, and those that are there and whole are not made again: from is asked for
// the examples behind the first skip. Memory does not grow with the number of examples.
func WriteShards(dir string, from func(skip int) iter.Seq2[Example, error], shardTokens int) (*Shards, error) {
	s := &Shards{}
	for {
		m, err := checkpoint.Load(s.folder(dir))
		if err != nil || checkpoint.Verify(s.folder(dir)) != nil {
			break
		}
		s.add(dir, m)
	}
	var w *shardWriter
	for e, err := range from(s.Examples) {
		if err == nil && w == nil {
			w, err = newShard(s.folder(dir), shardName(len(s.Files)))
		}
		if err == nil {
			err = w.append(e)
		}
		if err == nil && w.tokens >= int64(shardTokens) {
			var m *checkpoint.Manifest
			if m, err = w.commit(); err == nil {
				s.add(dir, m)
			}
			w = nil
		}
		if err != nil {
			return nil, errors.Join(err, w.abort())
		}
	}
	if w != nil {
		m, err := w.commit()
		if err != nil {
			return nil, err
		}
		s.add(dir, m)
	}
	return s, nil
}

// folder is that of the next shard.
func (s *Shards) folder(dir string) string {
	return filepath.Join(dir, fmt.Sprintf("shard-%05d", len(s.Files)))
}

func (s *Shards) add(dir string, m *checkpoint.Manifest) {
	s.Files = append(s.Files, filepath.Join(s.folder(dir), shardName(len(s.Files))))
	s.Examples += int(m.Counters["examples"])
	s.Tokens += m.Counters["tokens"]
}

// Link gives the shards a second name in another folder.
func (s *Shards) Link(dir string) error {
	for _, from := range s.Files {
		if err := checkpoint.Link(from, filepath.Join(dir, filepath.Base(from))); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
	return nil
}

// shardWriter writes one shard.
type shardWriter struct {
	p                *checkpoint.Pending
	table            *checkpoint.TableWriter[Example]
	examples, tokens int64
}

func newShard(folder, name string) (*shardWriter, error) {
	p, err := checkpoint.Begin(folder)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	table, err := checkpoint.NewTableWriter[Example](p.Path(name), nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pack: %w", err), p.Abort())
	}
	return &shardWriter{p: p, table: table}, nil
}

func (w *shardWriter) append(e Example) error {
	if err := w.table.Append(e); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	w.examples, w.tokens = w.examples+1, w.tokens+int64(len(e.Tokens))
	return nil
}

func (w *shardWriter) commit() (*checkpoint.Manifest, error) {
	m := &checkpoint.Manifest{Stage: "shard", Counters: map[string]int64{"examples": w.examples, "tokens": w.tokens}}
	if err := w.table.Close(); err != nil {
		return nil, errors.Join(fmt.Errorf("pack: %w", err), w.p.Abort())
	}
	if err := w.p.Commit(m); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return m, nil
}

// abort removes what was written. On nil, and after commit, it does nothing.
func (w *shardWriter) abort() error {
	if w == nil {
		return nil
	}
	return errors.Join(w.table.Abort(), w.p.Abort())
}
