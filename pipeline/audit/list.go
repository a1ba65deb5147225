package audit

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"slm/pipeline/rundir"
)

// Listed is a run in a list: how far it is, how it did, and what was changed since the run before.
type Listed struct {
	rundir.Entry
	Recipe  string    `json:"recipe"` // its name
	Scores  []Score   `json:"scores"` // exam by exam; none = it was not evaluated
	Bytes   int64     `json:"bytes"`  // of all its files
	Last    string    `json:"last"`   // when it was last at work, as rundir.Moment: its newest checkpoint, or its beginning where it has none; "" = not known
	Before  string    `json:"before"` // name of the run before it of the same recipe; "" = there is none that can be compared with it
	Changes []KeyDiff `json:"changes"`
	Unread  []string  `json:"unread"` // why its recipe or its scores cannot be read
}

// List lists the runs below dir, by the names of their recipes, and those of a recipe from old to new. What cannot be read of a run is said in Unread.
func List(dir string) ([]Listed, error) {
	entries, err := rundir.List(dir)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, len(entries))
	for i, e := range entries {
		out[i] = Listed{Entry: e, Recipe: e.Recipe(), Scores: []Score{}, Bytes: size(e.Folder), Last: last(e), Changes: []KeyDiff{}, Unread: []string{}}
		if s, err := rundir.Summary(e.Folder); err != nil {
			out[i].Unread = append(out[i].Unread, err.Error())
		} else if s != nil {
			out[i].Scores = scoresOf(s)
		}
	}
	slices.SortFunc(out, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(a.Recipe, b.Recipe), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Name, b.Name))
	})
	var before string // and its keys
	var keys map[string]string
	for i := range out {
		r := &out[i]
		if i > 0 && r.Recipe != out[i-1].Recipe {
			before = ""
		}
		own, err := recipeOf(r.Folder)
		if err != nil {
			if _, gone := os.Stat(filepath.Join(r.Folder, rundir.RecipeFile)); gone == nil { // else Damaged says so
				r.Unread = append(r.Unread, err.Error())
			}
			continue
		}
		if before != "" {
			r.Before, r.Changes = before, compareMaps("", keys, own)
		}
		before, keys = r.Name, own
	}
	return out, nil
}

// last is when a run was last at work.
func last(e rundir.Entry) string {
	if e.Newest != "" {
		return e.Newest
	}
	info, err := os.Stat(filepath.Join(e.Folder, rundir.RecipeFile))
	if err != nil {
		return ""
	}
	return rundir.Moment(info.ModTime())
}

// size is how many bytes the files of a folder have. A file that two runs share counts in both; one that vanishes meanwhile does not.
func size(folder string) (n int64) {
	_ = filepath.WalkDir(folder, func(_ string, f fs.DirEntry, err error) error {
		if err != nil || !f.Type().IsRegular() {
			return nil
		}
		if info, err := f.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}
