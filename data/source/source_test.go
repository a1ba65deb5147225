package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSets_NameTheirFilesByCommitAndChecksum(t *testing.T) {
	for _, name := range Names() {
		set, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range set.Files {
			size := int64(2 * (len(f.Parts) - 1))
			for _, p := range f.Parts {
				size += p.Size
				if len(p.Commit) != 40 || strings.Count(p.Repo, "/") != 1 || len(p.SHA256) != 64 || p.Path == "" {
					t.Errorf("%s: %+v", f.Path, p)
				}
			}
			if f.made == "joined" && size != f.Size || len(f.Parts) == 0 {
				t.Errorf("%s has %d bytes, its parts make %d", f.Path, f.Size, size)
			}
		}
	}
	set, err := Lookup("statutes-cn")
	if err != nil || len(set.Files) != 3 || len(set.Files[0].Parts) != 10 {
		t.Errorf("%v, %d files", err, len(set.Files))
	}
	if _, err := Lookup("statutes"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "statutes-cn") {
		t.Error(err)
	}
	if one, err := set.Only([]string{"lexeval/questions.jsonl"}); err != nil || len(one.Files) != 1 {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := set.Only([]string{"questions.jsonl"}); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "lexeval/questions.jsonl") {
		t.Error(err)
	}
}

func TestSets_ListWithAMistakeIsRefusedByItsLine(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for text, line := range map[string]string{
		"repo a/b c\nfile x.txt mixed " + sum + " 1": "line 2", "repo a/b c\n\nfile x.txt joined abc 1": "line 3", sum + " 1 x": "line 1", "repo a/b c\nfile x joined " + sum + " 1\n" + sum + " z y": "line 3",
		"word": "line 1",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// server serves parts by their path, as the set's public source does.
func server(t *testing.T, parts map[string]string) (base string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path)
		text, ok := parts[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case strings.HasPrefix(text, "CUT "):
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(text))
		default:
			_, _ = w.Write([]byte(text))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func small() Set {
	return Set{Name: "small", Files: []File{{Path: "x/both.txt", made: "joined", SHA256: hash([]byte("one\n\nzwei")), Size: 9, Parts: []Part{
		{"o/n", "c0", "a b/第一.md", hash([]byte("one")), 3}, {"o/n", "c0", "b.md", hash([]byte("zwei")), 4},
	}}}}
}

const first, second = "/o/n/c0/a b/第一.md", "/o/n/c0/b.md"

func TestPull_GoesOnWhereItWasStoppedAndFetchesNothingTwice(t *testing.T) {
	parts := map[string]string{first: "one"}
	base, asked := server(t, parts)
	opt := Options{Folder: filepath.Join(t.TempDir(), "new"), Base: base + "/", Client: http.DefaultClient}
	if _, err := small().Pull(context.Background(), opt); !errors.Is(err, ErrFetch) || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "b.md") {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(opt.Folder, "x", "both.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Error("half a file is there")
	}
	parts[second] = "zwei"
	got, err := small().Pull(context.Background(), opt)
	if err != nil || len(got) != 1 || !got[0].Fetched {
		t.Fatalf("%+v, %v", got, err)
	}
	if text, err := os.ReadFile(filepath.Join(opt.Folder, "x", "both.txt")); err != nil || string(text) != "one\n\nzwei" {
		t.Errorf("%q, %v", text, err)
	}
	if want := []string{first, second, second}; strings.Join(*asked, " ") != strings.Join(want, " ") {
		t.Errorf("asked for %q", *asked)
	}
	if got, err = small().Pull(context.Background(), opt); err != nil || got[0].Fetched || len(*asked) != 3 {
		t.Errorf("%+v, %v, asked %d times", got, err, len(*asked))
	}
	if left, err := os.ReadDir(opt.Folder); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestPull_DamagedFileIsFetchedAgain(t *testing.T) {
	base, _ := server(t, map[string]string{first: "one", second: "zwei"})
	opt := Options{Folder: t.TempDir(), Base: base, Client: http.DefaultClient}
	name := filepath.Join(opt.Folder, "x", "both.txt")
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("one\n\nzwEi"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if got, err := small().Pull(context.Background(), opt); err != nil || !got[0].Fetched {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPull_WhatIsNotTheFileIsRefused(t *testing.T) {
	for says, text := range map[string]string{
		"sha256 is": "0ne", "longer than its 3 bytes": "one and more", "cut off after 2 of 3 bytes": "on", "the server answers 404": "",
	} {
		parts := map[string]string{first: text, second: "zwei"}
		if text == "" {
			delete(parts, first)
		}
		base, _ := server(t, parts)
		opt := Options{Folder: t.TempDir(), Base: base, Client: http.DefaultClient}
		_, err := small().Pull(context.Background(), opt)
		if !errors.Is(err, ErrFetch) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), base) {
			t.Errorf("%q: %v", text, err)
		}
		if left, _ := filepath.Glob(filepath.Join(opt.Folder, "x", "*")); len(left) != 0 {
			t.Errorf("%q leaves %v", text, left)
		}
	}
	// The parts are right and what they make is not: the list itself is wrong.
	base, _ := server(t, map[string]string{first: "one", second: "zwei"})
	set := small()
	set.Files[0].SHA256 = strings.Repeat("0", 64)
	if _, err := set.Pull(context.Background(), Options{Folder: t.TempDir(), Base: base, Client: http.DefaultClient}); !errors.Is(err, ErrFetch) {
		t.Error(err)
	}
}

func TestPull_BrokenConnectionIsToldFromAStopByHand(t *testing.T) {
	set := small()
	set.Files[0].Parts[0].Size = 100
	base, _ := server(t, map[string]string{first: "CUT "})
	opt := Options{Folder: t.TempDir(), Base: base, Client: http.DefaultClient}
	if _, err := set.Pull(context.Background(), opt); !errors.Is(err, ErrFetch) || !strings.Contains(err.Error(), "cut off after 4 of 100 bytes") {
		t.Error(err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	opt.Base = gone.URL
	if _, err := small().Pull(context.Background(), opt); !errors.Is(err, ErrFetch) || !strings.Contains(err.Error(), "no answer") {
		t.Error(err)
	}
	reason := errors.New("stopped by hand")
	ctx, stop := context.WithCancelCause(context.Background())
	stop(reason)
	if _, err := small().Pull(ctx, opt); !errors.Is(err, reason) || errors.Is(err, ErrFetch) {
		t.Error(err)
	}
}

func TestPull_QuestionsKeepTheirPartsAndWhatIsSetAsideStaysOut(t *testing.T) {
	line := func(n int) string {
		return fmt.Sprintf(`{"instruction": "i", "input": "第%d条的内容是:\nA: 甲<&>\nB: 乙\"\nC: 丙：A: x\nD: 丁 ", "answer": "C"}`, n)
	}
	got, err := questions([][]byte{[]byte(line(0) + "\n" + line(1) + "\n" + line(2) + "\n" + line(3) + "\n")})
	want := `{"id": "lexeval-1_2-0", "question": "第0条的内容是:", "choices": ["甲<&>", "乙\"", "丙：A: x", "丁"], "answer": 2, "split": "dev"}` + "\n" +
		`{"id": "lexeval-1_2-2", "question": "第2条的内容是:", "choices": ["甲<&>", "乙\"", "丙：A: x", "丁"], "answer": 2, "split": "dev"}` + "\n" +
		`{"id": "lexeval-1_2-3", "question": "第3条的内容是:", "choices": ["甲<&>", "乙\"", "丙：A: x", "丁"], "answer": 2, "split": "train"}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	for _, bad := range []string{"{", `{"input":"q\nA: a","answer":"A"}`, strings.Replace(line(0), `"C"`, `"CD"`, 1), strings.Replace(line(0), `"C"`, `""`, 1), strings.Replace(line(0), `"C"`, `"E"`, 1)} {
		if _, err := questions([][]byte{[]byte(bad)}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if letters := strings.Join(strings.Fields(splitLetters), ""); len(letters) != 1000 || strings.Count(letters, "t") != 626 || strings.Count(letters, "d") != 191 {
		t.Errorf("%d letters", len(letters))
	}
}

func TestPull_RecitalsAndArticlesAreParagraphs(t *testing.T) {
	got, err := formex([][]byte{[]byte(`<ACT><TITLE>left out</TITLE><CONSID><NP><NO.P>(1)</NO.P>
  <TXT>A <QUOT.START ID="Q"/>right<QUOT.END/> &amp; duty.</TXT></NP></CONSID><ARTICLE IDENTIFIER="001"><TI.ART>Article 1</TI.ART><?PAGE NO='3'?><P>Aim</P></ARTICLE></ACT>`)})
	if want := "Recital (1) A right & duty.\n\nGDPR Article 1 Aim\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"<ACT><CONSID>", "<ACT>", "<ACT></CONSID></ACT>"} {
		if _, err := formex([][]byte{[]byte(bad)}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestDir_IsWhereTheVariablePointsElseBesideElseInTheCache(t *testing.T) {
	dir := t.TempDir()
	near, cache := filepath.Join(dir, "project"), filepath.Join(dir, "cache")
	put := func(folder string) {
		t.Helper()
		name := filepath.Join(folder, "lexeval", "prc_codes.txt")
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"XDG_CACHE_HOME": cache}
	getenv := func(name string) string { return env[name] }
	find := func() string {
		rel, err := filepath.Rel(dir, Resolve("${SLM_DATA}/lexeval/prc_codes.txt", Folders(getenv, near)))
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(rel)
	}
	if got := find(); got != "cache/slm/data/lexeval/prc_codes.txt" {
		t.Errorf("nowhere: %s", got)
	}
	if hint := Hint(filepath.Join(cache, "slm/data/lexeval/prc_codes.txt")); !strings.Contains(hint, "slm data pull statutes-cn") {
		t.Errorf("%q", hint)
	}
	put(filepath.Join(cache, "slm", "data"))
	put(filepath.Join(dir, "shared", "data"))
	if got := find(); got != "shared/data/lexeval/prc_codes.txt" {
		t.Errorf("beside: %s", got)
	}
	env["SLM_DATA"] = filepath.Join(dir, "mine")
	if got := find(); got != "mine/lexeval/prc_codes.txt" {
		t.Errorf("the variable: %s", got)
	}
	if got := Resolve("texts/*.txt", nil); got != "texts/*.txt" || Hint("texts/a.txt") != "" {
		t.Errorf("another path: %s", got)
	}
}
