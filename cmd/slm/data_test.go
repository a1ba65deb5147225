package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/source"
)

// public serves parts of the codes as their public source does: cut from the file that they make. Without that file there is none.
func public(t *testing.T) (string, []byte) {
	t.Helper()
	codes, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "lexeval", "prc_codes.txt"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the statutes are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	set, err := source.Lookup("statutes-cn")
	if err != nil {
		t.Fatal(err)
	}
	parts, at := map[string][]byte{}, int64(0)
	for _, p := range set.Files[0].Parts {
		parts["/"+p.Repo+"/"+p.Commit+"/"+p.Path] = codes[at : at+p.Size]
		at += p.Size + 2
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if part, ok := parts[r.URL.Path]; ok {
			_, _ = w.Write(part)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, codes
}

func TestDataPull_DataIsPulledAndThenFound(t *testing.T) {
	base, codes := public(t)
	dir := t.TempDir()
	pull := []string{"data", "pull", "statutes-cn", "--base", base, "--file", "lexeval/prc_codes.txt"}
	o := slm(t, dir, append(pull, "-o", "json")...)
	var got pulled
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || o.code != 0 || o.err != "" || len(got.Files) != 1 || !got.Files[0].Fetched {
		t.Fatalf("%+v, %v", o, err)
	}
	name := filepath.Join(dir, "cache", "slm", "data", "lexeval", "prc_codes.txt")
	if text, err := os.ReadFile(name); err != nil || string(text) != string(codes) || got.Folder != filepath.Dir(filepath.Dir(name)) {
		t.Errorf("%s: %d bytes, %v", got.Folder, len(text), err)
	}
	if o := slm(t, dir, pull...); o.code != 0 || !strings.Contains(o.out, "there already") {
		t.Errorf("%+v", o)
	}
	// A recipe finds it: of its two files only the exam is missing now.
	if o := slm(t, dir, "check", "statutes-cn"); o.code != 4 || !strings.Contains(o.err, "lexeval/questions.jsonl") || !strings.Contains(o.err, "slm data pull statutes-cn") {
		t.Errorf("%+v", o)
	}
}

func TestDataPull_DataThatCannotBePulledHasAMessageAndAnExitCode(t *testing.T) {
	dir := t.TempDir()
	wrong := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 52540)) }))
	defer wrong.Close()
	none := httptest.NewServer(http.NotFoundHandler())
	defer none.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"data pull", 2, "a set's name"},
		{"data pull statutes", 2, "there is: gdpr, statutes-cn"},
		{"data pull statutes-cn --base ftp://x", 2, "http://"},
		{"data pull statutes-cn --file x.txt", 2, "lexeval/prc_codes.txt"},
		{"data pull statutes-cn --base " + gone.URL, 4, "no answer"},
		{"data pull statutes-cn --base " + none.URL, 4, "404"},
		{"data pull statutes-cn --base " + wrong.URL, 4, "sha256"},
		{"check statutes-cn", 4, "slm data pull statutes-cn"},
		{"train statutes-cn", 4, "SLM_DATA"},
	} {
		o := slm(t, dir, strings.Fields(c.args)...)
		if o.code != c.code || !strings.Contains(o.err, c.want) || o.out != "" {
			t.Errorf("slm %s: exit %d, want %d and %q; stderr:\n%s", c.args, o.code, c.code, c.want, o.err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "cache", "slm", "data", "lexeval", "*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}
