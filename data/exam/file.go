package exam

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"slm/data/rows"
)

// ErrFormat says that a file of questions breaks its format; the message names every line that does.
var ErrFormat = errors.New("bad question")

// lineMost bounds one line of a file of questions, bytes.
const lineMost = 1 << 20

// Read reads questions from JSON lines: {"id","question","choices","answer","split"}, where answer is the index of the right choice from 0,
// or its letter. An id that is missing is the line number; a split that is missing is dealt out by Assign.
func Read(path string) ([]Item, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("exam: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	items, err := parse(f, path)
	if err != nil {
		return nil, fmt.Errorf("exam: %w", err)
	}
	return items, nil
}

// parse reads all lines.
func parse(r io.Reader, path string) ([]Item, error) {
	var items []Item
	ids := map[string]int{}
	err := rows.Read(r, path, lineMost, ErrFormat, func(line int, text []byte) error {
		item, err := parseLine(text)
		if err != nil {
			return err
		}
		if item.ID == "" {
			item.ID = strconv.Itoa(line)
		}
		if first := ids[item.ID]; first > 0 {
			return fmt.Errorf("the id %q stands on line %d already", item.ID, first)
		}
		ids[item.ID] = line
		items = append(items, item)
		return nil
	})
	if err == nil && len(items) == 0 {
		err = fmt.Errorf("%w: %s:1: the file holds no question", ErrFormat, path)
	}
	if err != nil {
		return nil, err
	}
	return items, nil
}

func parseLine(line []byte) (Item, error) {
	var raw struct {
		ID        any      `json:"id"`
		Question  string   `json:"question"`
		Choices   []string `json:"choices"`
		Answer    any      `json:"answer"`
		Knowledge string   `json:"knowledge"`
		Split     string   `json:"split"`
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return Item{}, err
	}
	item := Item{Question: raw.Question, Choices: raw.Choices, Knowledge: raw.Knowledge, Split: raw.Split}
	switch id := raw.ID.(type) {
	case nil:
	case string:
		item.ID = id
	case float64:
		item.ID = strconv.FormatFloat(id, 'f', -1, 64)
	default:
		return Item{}, errors.New(`field "id" is neither text nor a number`)
	}
	switch {
	case raw.Question == "":
		return Item{}, errors.New(`field "question" is empty`)
	case raw.Split != "" && raw.Split != Train && raw.Split != Dev && raw.Split != Test:
		return Item{}, fmt.Errorf(`field "split" is %q; it must be %s, %s or %s`, raw.Split, Train, Dev, Test)
	case len(raw.Choices) < 2 || len(raw.Choices) > 26:
		return Item{}, fmt.Errorf(`field "choices" holds %d; a question has 2 to 26`, len(raw.Choices))
	}
	for i, c := range raw.Choices {
		if c == "" {
			return Item{}, fmt.Errorf("choice %d is empty", i)
		}
	}
	if raw.Answer == nil || raw.Answer == "" {
		return Item{}, errors.New(`field "answer" is empty`)
	}
	item.Answer = -1
	switch answer := raw.Answer.(type) {
	case float64:
		if answer == float64(int(answer)) {
			item.Answer = int(answer)
		}
	case string:
		if len(answer) == 1 && answer[0] >= 'A' && answer[0] <= 'Z' {
			item.Answer = int(answer[0] - 'A')
		}
	}
	if item.Answer < 0 || item.Answer >= len(item.Choices) {
		return Item{}, fmt.Errorf(`field "answer" is %v; it must be an index from 0 to %d or a letter`, raw.Answer, len(item.Choices)-1)
	}
	return item, nil
}
