package pairs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"slm/data/rows"
)

// ErrFormat says that a file of pairs breaks its format; the message names every line that does.
var ErrFormat = errors.New("bad pair")

// lineMost bounds one line of a file of pairs, bytes.
const lineMost = 4 << 20

// Read reads pairs from JSON lines: {"question","knowledge"} and, if it has one, "place".
func Read(path string) ([]Pair, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pairs: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	out, err := parse(f, path)
	if err != nil {
		return nil, fmt.Errorf("pairs: %w", err)
	}
	return out, nil
}

// parse reads all lines.
func parse(r io.Reader, path string) ([]Pair, error) {
	var out []Pair
	err := rows.Read(r, path, lineMost, ErrFormat, func(line int, text []byte) error {
		var raw struct{ Question, Knowledge, Place string }
		if err := json.Unmarshal(text, &raw); err != nil {
			return err
		}
		raw.Question, raw.Knowledge, raw.Place = strings.TrimSpace(raw.Question), strings.TrimSpace(raw.Knowledge), strings.TrimSpace(raw.Place)
		switch {
		case raw.Question == "":
			return errors.New(`field "question" is empty`)
		case raw.Knowledge == "":
			return errors.New(`field "knowledge" is empty`)
		}
		source := fmt.Sprintf("%s:%d", filepath.Base(path), line) // without its folder: what is made from pairs must not depend on that
		out = append(out, Pair{ID: source, Kind: File, Question: raw.Question, Place: raw.Place, Text: raw.Knowledge, Source: source})
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%w: %s:1: the file holds no pair", ErrFormat, path)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}
