package domain

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"sort"

	"slm/checkpoint"
	"slm/data/pack"
)

// GeneralFile is the table of the data checkpoint that has the general text as tokens: rows of GeneralRow. Only a run whose recipe names such text has it.
const GeneralFile = "general.arrow"

// GeneralRow is a general text.
type GeneralRow struct {
	Title  string  `arrow:"title"`
	Source string  `arrow:"source"` // file:line where it begins
	Tokens []int32 `arrow:"tokens"` // all of it, and the end mark
}

// General is the general text of a domain, in windows that fit into an example. A window begins with the token that the one before it ends in, so that each
// token but a text's first is trained once.
type General struct {
	rows   *checkpoint.Lists
	most   int   // tokens of a window
	ends   []int // windows up to and with each text
	tokens int64 // of all windows
}

// errNoGeneral is told where training is to read general text and the data have none.
var errNoGeneral = errors.New("domain: the data have no general text (data.general.path)")

// General opens the general text in windows of at most so many tokens, 2 or more. Without share none is read, and nil is returned. It is closed with the domain.
func (d *Domain) General(share float64, most int) (*General, error) {
	if share == 0 {
		return nil, nil
	}
	if d.general == nil {
		rows, err := checkpoint.OpenLists(filepath.Join(d.dir, GeneralFile), "tokens")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNoGeneral
		}
		if err != nil {
			return nil, err
		}
		d.general = rows
	}
	g := &General{rows: d.general, most: most}
	for i := range g.rows.Rows {
		n := max(0, g.rows.Len(i)-1)
		windows := (n + most - 2) / (most - 1)
		g.ends = append(g.ends, g.Len()+windows)
		g.tokens += int64(n + windows)
	}
	if g.Len() == 0 {
		return nil, fmt.Errorf("domain: %s: %w: %s holds no text", d.dir, checkpoint.ErrCorrupt, GeneralFile)
	}
	return g, nil
}

// Len is the number of windows.
func (g *General) Len() int {
	if len(g.ends) == 0 {
		return 0
	}
	return g.ends[len(g.ends)-1]
}

// Windows is how many windows have so many tokens, about, and at least one.
func (g *General) Windows(tokens float64) int {
	return max(1, int(math.Round(tokens/float64(g.tokens)*float64(g.Len()))))
}

// Pass are the n windows that pass number of a training reads: none comes again before all have come. order is a permutation of so many for each round
// through them.
func (g *General) Pass(n, number int, order func(round, size int) []int) []int {
	return inTurn(n, number, g.Len(), func(round int) []int { return order(round, g.Len()) })
}

// Example is window i, 0 ≤ i < Len(). Its tokens are a view, not to be written to.
func (g *General) Example(i int) pack.Example {
	text := sort.SearchInts(g.ends, i+1)
	if text > 0 {
		i -= g.ends[text-1]
	}
	tokens, from := g.rows.At(text), i*(g.most-1)
	return pack.Example{ID: fmt.Sprintf("general/%d/%d", text, i), Tokens: tokens[from:min(from+g.most, len(tokens))]}
}

// Facts say in a training's manifest how much there is of the text, and how many windows a pass reads.
func (g *General) Facts(facts map[string]string, pass int) {
	if g == nil {
		return
	}
	facts["general_windows"], facts["general_tokens"], facts["general_a_pass"] = fmt.Sprint(g.Len()), fmt.Sprint(g.tokens), fmt.Sprint(pass)
}
