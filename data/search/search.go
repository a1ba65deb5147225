// Package search finds sections by keywords: BM25 over an index in memory, by SQLite's FTS5.
//
// It is the retrieval baseline that the small model is held against, not a vector store. Any string is a legal query; equal scores come
// in the order of the sections.
package search

import (
	"database/sql"
	"fmt"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite", with FTS5, without cgo

	"slm/data/corpus"
)

// Tokenizers of the index.
const (
	Auto    = ""        // Trigram where most letters belong to scripts without spaces between words, else Words
	Words   = "words"   // runs of letters and digits, without case and accents
	Trigram = "trigram" // every three characters in a row
)

// Options choose how text is cut.
type Options struct {
	Tokenizer string
}

// Hit is one section found.
type Hit struct {
	Section int     // index into the sections given to Open
	Score   float64 // BM25, larger is better
}

// Index is a searchable set of sections. It is safe for concurrent use.
type Index struct {
	Tokenizer string  // the one in use: Words or Trigram
	Unspaced  float64 // share of letters that belong to scripts without spaces between words

	mu       sync.Mutex
	db       *sql.DB
	find     *sql.Stmt
	contains *sql.Stmt
}

// Open indexes title, number, heading and text of each section. The memory is that of the texts and about as much again.
func Open(sections []corpus.Section, opt Options) (*Index, error) {
	x := &Index{Tokenizer: opt.Tokenizer, Unspaced: unspacedShare(sections)}
	switch opt.Tokenizer {
	case Words, Trigram:
	case Auto:
		x.Tokenizer = Words
		if x.Unspaced > 0.5 {
			x.Tokenizer = Trigram
		}
	default:
		return nil, fmt.Errorf("search: open: tokenizer %q is not one of words, trigram", opt.Tokenizer)
	}
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("search: open: %w", err)
	}
	db.SetMaxOpenConns(1) // each connection to :memory: would be a database of its own
	x.db = db
	if err := x.fill(sections); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, fmt.Errorf("search: open: %w", err)
	}
	return x, nil
}

func (x *Index) fill(sections []corpus.Section) error {
	tokenizer := "unicode61 remove_diacritics 2"
	if x.Tokenizer == Trigram {
		tokenizer = "trigram"
	}
	if _, err := x.db.Exec(`CREATE VIRTUAL TABLE section USING fts5(body, tokenize='` + tokenizer + `')`); err != nil {
		return err
	}
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	insert, err := tx.Prepare(`INSERT INTO section(rowid, body) VALUES (?, ?)`)
	if err != nil {
		return err
	}
	for i, s := range sections {
		if _, err := insert.Exec(i+1, clean(body(s))); err != nil {
			return fmt.Errorf("section %d: %w", i, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// bm25() is negative, better hits being smaller. Equal documents get equal scores to the last bit, so ties are ties.
	if x.find, err = x.db.Prepare(`SELECT rowid-1, -bm25(section) AS score FROM section WHERE section MATCH ? ORDER BY score DESC, rowid LIMIT ?`); err != nil {
		return err
	}
	x.contains, err = x.db.Prepare(`SELECT rowid-1 FROM section WHERE instr(lower(body), ?) > 0 ORDER BY rowid LIMIT ?`)
	return err
}

// body is what is indexed of a section.
func body(s corpus.Section) string {
	text := s.Title + "\n" + s.Number
	// The text of many documents begins with the heading already.
	if s.Heading != "" && !strings.HasPrefix(s.Text, s.Heading) {
		text += "\n" + s.Heading
	}
	return text + "\n" + s.Text
}

// Search returns the k best sections that share at least one term with the query; fewer when there are fewer, none for a query
// without terms.
func (x *Index) Search(query string, k int) ([]Hit, error) {
	if k < 1 {
		return nil, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	query = clean(query)
	match := x.expression(query)
	if match == "" {
		if x.Tokenizer == Trigram {
			return x.short(query, k)
		}
		return nil, nil
	}
	rows, err := x.find.Query(match, k)
	if err != nil {
		return nil, fmt.Errorf("search: %q: %w", query, err)
	}
	defer func() { _ = rows.Close() }()
	var hits []Hit
	for rows.Next() {
		var h Hit
		if err := rows.Scan(&h.Section, &h.Score); err != nil {
			return nil, fmt.Errorf("search: %q: %w", query, err)
		}
		hits = append(hits, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("search: %q: %w", query, err)
	}
	return hits, nil
}

// short answers a query below three characters, which has no trigram, by looking for it in every text. The score is 0: there is no rank.
func (x *Index) short(query string, k int) ([]Hit, error) {
	query = strings.ToLower(strings.TrimSpace(query))
	if query == "" {
		return nil, nil
	}
	rows, err := x.contains.Query(query, k)
	if err != nil {
		return nil, fmt.Errorf("search: %q: %w", query, err)
	}
	defer func() { _ = rows.Close() }()
	var hits []Hit
	for rows.Next() {
		var h Hit
		if err := rows.Scan(&h.Section); err != nil {
			return nil, fmt.Errorf("search: %q: %w", query, err)
		}
		hits = append(hits, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("search: %q: %w", query, err)
	}
	return hits, nil
}

// Close frees the index.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.db.Close(); err != nil {
		return fmt.Errorf("search: close: %w", err)
	}
	return nil
}
