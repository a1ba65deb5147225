package slm_test

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"
)

// conflict is a line that git leaves where a merge needs a person. Compilers find it in code; in a document nobody does.
var conflict = regexp.MustCompile(`(?m)^(<<<<<<<|>>>>>>>) `)

// unmerged are the documents and scripts with such lines.
func unmerged(root fs.FS) (found []string, err error) {
	err = walkModules(root, true, func(name string) error {
		if !slices.Contains([]string{".md", ".yaml", ".yml", ".html", ".css", ".py", ".sh", ""}, path.Ext(name)) || name == "slm" {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if conflict.Match(data) {
			found = append(found, name)
		}
		return err
	})
	return found, err
}

func TestUnmerged_NoDocumentHasTwoVersionsOfALine(t *testing.T) {
	found, err := unmerged(repository())
	if err != nil || len(found) > 0 {
		t.Errorf("a merge was not finished in %v (%v)", found, err)
	}
	made := fstest.MapFS{"a.md": {Data: []byte("x\n<<<<<<< HEAD\ny\n")}, "b.md": {Data: []byte("title\n=======\n")}, "Makefile": {Data: []byte(">>>>>>> 1234 (x)\n")}}
	if found, err := unmerged(made); err != nil || !slices.Equal(found, []string{"Makefile", "a.md"}) {
		t.Errorf("found %v (%v)", found, err)
	}
}
