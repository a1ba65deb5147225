package retrieve

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite", with FTS5, without cgo

	"slm/data/corpus"
)

// Keyword finds sections by BM25 over an index in memory, by SQLite's FTS5 (Robertson and Zaragoza, "The Probabilistic Relevance
// Framework: BM25 and Beyond", 2009; k1 = 1.2, b = 0.75). Any string is a legal query; equal scores come in the order of the sections.
// It is safe for concurrent use.
type Keyword struct {
	mu   sync.Mutex
	db   *sql.DB
	find *sql.Stmt

	sections int
}

// OpenKeyword indexes title, number, heading and text of each section: words as runs of letters and digits, without case and accents, and text
// in scripts without spaces as spaced cuts it. The memory is that of the texts and about as much again, in such scripts four times as much.
func OpenKeyword(sections corpus.Store) (*Keyword, error) {
	x := &Keyword{}
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("retrieve: open: %w", err)
	}
	db.SetMaxOpenConns(1) // each connection to :memory: would be a database of its own
	x.db = db
	if err := x.fill(sections); err != nil {
		_ = db.Close() // the first error is the one to tell
		return nil, fmt.Errorf("retrieve: open: %w", err)
	}
	return x, nil
}

func (x *Keyword) fill(sections corpus.Store) error {
	if _, err := x.db.Exec(`CREATE VIRTUAL TABLE section USING fts5(name, body, tokenize='unicode61 remove_diacritics 2')`); err != nil {
		return err
	}
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	insert, err := tx.Prepare(`INSERT INTO section(rowid, name, body) VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	for i, s := range sections.All() {
		if _, err := insert.Exec(i+1, spaced(clean(name(s)), true), spaced(clean(body(s)), true)); err != nil {
			return fmt.Errorf("section %d: %w", i, err)
		}
		x.sections++
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// bm25() is negative, better hits being smaller. Equal documents get equal scores to the last bit, so ties are ties.
	x.find, err = x.db.Prepare(`SELECT rowid-1, rowid IN (SELECT rowid FROM section WHERE section MATCH ?) AS cited, -bm25(section) AS score
		FROM section WHERE section MATCH ? ORDER BY cited DESC, score DESC, rowid LIMIT ?`)
	return err
}

// name is what a section is called: 刑法第二十条 as it is cited.
func name(s corpus.Section) string {
	if strings.HasPrefix(s.Number, "第") {
		return s.Title + s.Number
	}
	return s.Title + "\n" + s.Number
}

// body is what else is indexed of a section.
func body(s corpus.Section) string {
	// The text of many documents begins with the heading already.
	if s.Heading != "" && !strings.HasPrefix(s.Text, s.Heading) {
		return s.Heading + "\n" + s.Text
	}
	return s.Text
}

// Search returns the k best sections that share at least one term with the query; fewer when there are fewer, none for a query
// without terms. A section that the query names comes before all others: among the many pairs of 中华人民共和国民法第二十条的内容
// its number alone would weigh little.
func (x *Keyword) Search(ctx context.Context, query string, k int) ([]Hit, error) {
	if k < 1 {
		return nil, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	query = clean(query)
	match := expression(query)
	if match == "" {
		return nil, nil
	}
	rows, err := x.find.QueryContext(ctx, cited(query), match, k)
	if err != nil {
		return nil, fmt.Errorf("retrieve: %q: %w", query, err)
	}
	defer func() { _ = rows.Close() }()
	var hits []Hit
	for rows.Next() {
		var h Hit
		if err := rows.Scan(&h.Section, &h.Cited, &h.Score); err != nil {
			return nil, fmt.Errorf("retrieve: %q: %w", query, err)
		}
		hits = append(hits, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("retrieve: %q: %w", query, err)
	}
	return hits, nil
}

// Scores implements Scorer: the BM25 of every section, 0 of those that share no term with the query. What the query names counts as the rest.
func (x *Keyword) Scores(ctx context.Context, query string) ([]float64, error) {
	hits, err := x.Search(ctx, query, x.sections)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, x.sections)
	for _, h := range hits {
		scores[h.Section] = h.Score
	}
	return scores, nil
}

// Close frees the index.
func (x *Keyword) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.db.Close(); err != nil {
		return fmt.Errorf("retrieve: close: %w", err)
	}
	return nil
}

var (
	_ Retriever = (*Keyword)(nil)
	_ Scorer    = (*Keyword)(nil)
)
