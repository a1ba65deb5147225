package cut

import (
	"math"
	"strings"
	"unicode/utf8"
)

// fitted cuts the atoms of a section into parts of at most longest bytes, as even as they can be: at the ends of paragraphs, not between a
// paragraph that ends in a colon and what it announces, and rather not within a list. An atom that is longer itself is cut at a line or a sentence.
// Entries are parts by themselves. 0 cuts nothing but entries.
func fitted(atoms []atom, longest int) [][]atom {
	var parts [][]atom
	from := 0
	for i := range atoms {
		if !atoms[i].alone {
			continue
		}
		if i > from {
			parts = append(parts, even(atoms[from:i], longest)...)
		}
		parts, from = append(parts, even(atoms[i:i+1], longest)...), i+1
	}
	if from < len(atoms) {
		parts = append(parts, even(atoms[from:], longest)...)
	}
	return parts
}

// even finds the borders of least cost (Knuth and Plass 1981, for parts in place of lines).
func even(atoms []atom, longest int) [][]atom {
	if longest <= 0 || len(written(atoms)) <= longest {
		return [][]atom{atoms}
	}
	atoms = broken(atoms, longest)
	total := 0
	for _, a := range atoms {
		total += len(a.text) + 1
	}
	wanted := float64(total) / math.Ceil(float64(total)/float64(longest))
	cost := make([]float64, len(atoms)+1) // of the first so many atoms
	from := make([]int, len(atoms)+1)     // where their last part begins
	for end := 1; end <= len(atoms); end++ {
		cost[end] = math.Inf(1)
		size := 0
		for start := end - 1; start >= 0; start-- {
			size += len(atoms[start].text) + 1
			if size > longest+1 && start < end-1 {
				break
			}
			off := (float64(size) - wanted) / wanted
			if c := cost[start] + float64(off*off) + parting(atoms, start); c < cost[end] {
				cost[end], from[end] = c, start
			}
		}
	}
	var parts [][]atom
	for end := len(atoms); end > 0; end = from[end] {
		parts = append([][]atom{atoms[from[end]:end]}, parts...)
	}
	return parts
}

// parting is what a border in front of an atom costs.
func parting(atoms []atom, i int) float64 {
	if i == 0 {
		return 0
	}
	before, a := atoms[i-1], atoms[i]
	last, _ := utf8.DecodeLastRuneInString(before.text)
	switch {
	case before.kind == header:
		return 4
	case (last == ':' || last == '：') && before.kind != code && before.kind != table:
		return 1
	case a.kind == item && before.kind == item:
		return 0.1
	case before.kind == a.kind && (a.kind == code || a.kind == table): // of one that was too long
		return 0.5
	}
	return 0
}

// broken cuts the atoms that are too long themselves.
func broken(atoms []atom, longest int) []atom {
	var out []atom
	for _, a := range atoms {
		if len(a.text) <= longest {
			out = append(out, a)
			continue
		}
		pieces := []string{a.text}
		if a.kind == code || a.kind == table {
			pieces = wholeLines(a.text, longest)
		}
		at := a.start
		for _, lines := range pieces {
			for _, text := range sentences(strings.TrimRight(lines, " \t\n"), longest) {
				if strings.TrimSpace(text) != "" {
					out = append(out, atom{text: text, kind: a.kind, start: at})
				}
			}
			at += len(lines)
		}
	}
	return out
}

const (
	fewestAlone = 4   // entries of a list or table that are cut apart
	leastAlone  = 150 // bytes of most of them: shorter ones say too little to be asked about
	aloneShare  = 0.8 // of them begin with a term
)

// entriesApart marks the entries of reference lists and tables of options: four or more in a row that each begin with a term of their own, and of
// which most are long enough to be asked about.
func entriesApart(atoms []atom) []atom {
	var out []atom
	for _, a := range atoms {
		out = append(out, rowsOf(a)...)
	}
	for i := 0; i < len(out); {
		end := i
		for end < len(out) && out[end].kind == out[i].kind {
			end++
		}
		if run := out[i:end]; (out[i].kind == item || out[i].kind == table) && areEntries(run) {
			for j := range run {
				run[j].alone = true
			}
		}
		i = end
	}
	return out
}

// rowsOf are the rows of a table, the first with its header, if they are entries; else the atom itself.
func rowsOf(a atom) []atom {
	lines := strings.Split(a.text, "\n")
	if a.kind != table || len(lines) < fewestAlone+2 {
		return []atom{a}
	}
	rows := []atom{{text: strings.Join(lines[:3], "\n"), kind: table, start: a.start}}
	at := a.start + len(rows[0].text) + 1
	for _, line := range lines[3:] {
		rows = append(rows, atom{text: line, kind: table, start: at})
		at += len(line) + 1
	}
	if !areEntries(rows) {
		return []atom{a}
	}
	return rows
}

func areEntries(run []atom) bool {
	if len(run) < fewestAlone {
		return false
	}
	long, terms := 0, map[string]bool{}
	for _, a := range run {
		if len(a.text) >= leastAlone {
			long++
		}
		if term := leadTerm(a.text); term != "" {
			terms[term] = true
		}
	}
	return 2*long > len(run) && float64(len(terms)) >= aloneShare*float64(len(run))
}
