package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"

	"slm/checkpoint"
)

// shardName is the name of the i-th shard.
func shardName(i int) string { return fmt.Sprintf("corpus-%05d.arrow", i) }

// WriteShards streams examples into Arrow files corpus-00000.arrow, … with the columns tokens, prompt and id, each of about shardTokens
// tokens, and returns their names. Memory does not grow with the number of examples.
func WriteShards(dir string, ex iter.Seq[Example], shardTokens int) ([]string, error) {
	var names []string
	var w *checkpoint.TableWriter[Example]
	tokens := 0
	finish := func() error {
		if w == nil {
			return nil
		}
		done := w
		w, tokens = nil, 0
		return done.Close()
	}
	for e := range ex {
		if w == nil {
			name := shardName(len(names))
			var err error
			if w, err = checkpoint.NewTableWriter[Example](filepath.Join(dir, name), nil); err != nil {
				return names, fmt.Errorf("pack: %w", err)
			}
			names = append(names, name)
		}
		if err := w.Append(e); err != nil {
			return names, fmt.Errorf("pack: %w", err)
		}
		if tokens += len(e.Tokens); tokens >= shardTokens {
			if err := finish(); err != nil {
				return names, fmt.Errorf("pack: %w", err)
			}
		}
	}
	if err := finish(); err != nil {
		return names, fmt.Errorf("pack: %w", err)
	}
	return names, nil
}

// ReadShards yields the examples of all shards in a folder, in the order in which they were written, a record batch in memory at a time.
func ReadShards(dir string) iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		names, err := filepath.Glob(filepath.Join(dir, "corpus-*.arrow"))
		if err == nil && len(names) == 0 {
			err = fmt.Errorf("no corpus-*.arrow in %s: %w", dir, fs.ErrNotExist)
		}
		if err != nil {
			yield(Example{}, fmt.Errorf("pack: %w", err))
			return
		}
		slices.Sort(names)
		for i, name := range names {
			if filepath.Base(name) != shardName(i) {
				yield(Example{}, fmt.Errorf("pack: %s: %w: shard %s is missing", dir, checkpoint.ErrIncomplete, shardName(i)))
				return
			}
			if !readShard(name, yield) {
				return
			}
		}
	}
}

// readShard yields the examples of a file and reports whether more are wanted.
func readShard(name string, yield func(Example, error) bool) bool {
	t, err := checkpoint.OpenTable[Example](name)
	if err != nil {
		yield(Example{}, fmt.Errorf("pack: %w", err))
		return false
	}
	defer func() { _ = t.Close() }() // mapped for reading
	for e, err := range t.All() {
		if err == nil && (e.Prompt < 0 || e.Prompt > len(e.Tokens) || slices.ContainsFunc(e.Tokens, func(id int32) bool { return id < 0 })) {
			err = errors.Join(checkpoint.ErrCorrupt, fmt.Errorf("example %q: prompt %d of %d tokens", e.ID, e.Prompt, len(e.Tokens)))
		}
		if err != nil {
			yield(Example{}, fmt.Errorf("pack: %s: %w", name, err))
			return false
		}
		if !yield(e, nil) {
			return false
		}
	}
	return true
}
