package pairs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// ErrFormat says that a file of pairs breaks its format; the message names file and line.
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
		return nil, fmt.Errorf("pairs: %s:%w", path, err)
	}
	return out, nil
}

// parse reads all lines; an error begins with the line number.
func parse(r io.Reader, path string) ([]Pair, error) {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 1<<16), lineMost)
	var out []Pair
	line := 0
	for scan.Scan() {
		line++
		if len(bytes.TrimSpace(scan.Bytes())) == 0 {
			continue
		}
		var raw struct{ Question, Knowledge, Place string }
		if err := json.Unmarshal(scan.Bytes(), &raw); err != nil {
			return nil, fmt.Errorf("%d: %w: %w", line, ErrFormat, err)
		}
		raw.Question, raw.Knowledge, raw.Place = strings.TrimSpace(raw.Question), strings.TrimSpace(raw.Knowledge), strings.TrimSpace(raw.Place)
		switch {
		case raw.Question == "":
			return nil, fmt.Errorf(`%d: %w: field "question" is empty`, line, ErrFormat)
		case raw.Knowledge == "":
			return nil, fmt.Errorf(`%d: %w: field "knowledge" is empty`, line, ErrFormat)
		}
		source := fmt.Sprintf("%s:%d", filepath.Base(path), line) // without its folder: what is made from pairs must not depend on that
		out = append(out, Pair{ID: source, Kind: File, Question: raw.Question, Place: raw.Place, Text: raw.Knowledge, Source: source})
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("%d: %w: %w", line+1, ErrFormat, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("1: %w: the file holds no pair", ErrFormat)
	}
	return out, nil
}
