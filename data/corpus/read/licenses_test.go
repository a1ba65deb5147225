package read

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestLicenses_ListNamesEveryOneInTheModule(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/licenseclassifier/v2").Output()
	if err != nil {
		t.Skip("the go command cannot list the module here")
	}
	root := filepath.Join(strings.TrimSpace(string(dir)), "assets", "License")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for title, file := range licenseFiles() {
		listed[title] = file
	}
	for _, e := range entries {
		file, ok := listed[e.Name()]
		if !ok {
			t.Errorf("%s is not listed", e.Name())
			continue
		}
		if _, err := os.Stat(filepath.Join(root, "..", file)); err != nil {
			t.Error(err)
		}
	}
	if len(listed) != len(entries) {
		t.Errorf("%d listed, %d there", len(listed), len(entries))
	}
}

func TestLicenses_WellKnownOnesAllExist(t *testing.T) {
	all := map[string]bool{}
	for title := range licenseFiles() {
		all[title] = true
	}
	for _, title := range WellKnown {
		if !all[title] {
			t.Errorf("no licence %q", title)
		}
	}
}
