package checkpoint

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func goldenManifest(t testing.TB) string {
	return golden(t, "manifest.json", func(path string) error {
		m := testManifest()
		m.Version, m.Files = FormatVersion, []File{{Name: "resume/a.bin", Size: 3, SHA256: strings.Repeat("ab", 32)}}
		data, err := m.encode()
		if err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o644)
	})
}

func TestManifest_GoldenOneReadsAndKeepsItsDigest(t *testing.T) {
	m, err := decodeManifest(read(t, goldenManifest(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := testManifest()
	want.Version, want.Files = 1, []File{{Name: "resume/a.bin", Size: 3, SHA256: strings.Repeat("ab", 32)}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("%+v", m)
	}
	const digest = "4dc8c11c04bf7dea58b736f1eda43ca714873885401325dda5c966468623789e"
	if got := m.Digest(); got != digest {
		t.Errorf("digest %s, golden %s: every checkpoint in the world changes its name", got, digest)
	}
}

func TestDigest_IgnoresTheTimeAndNothingElse(t *testing.T) {
	base := testManifest().Digest()
	for name, change := range map[string]func(*Manifest){
		"stage": func(m *Manifest) { m.Stage = "x" }, "fingerprint": func(m *Manifest) { m.Fingerprint = "x" }, "seed": func(m *Manifest) { m.Seed++ },
		"parent": func(m *Manifest) { m.Parents["data"] = "x" }, "kernel": func(m *Manifest) { m.Kernel = "x" }, "version": func(m *Manifest) { m.Versions["slm"] = "x" },
		"counter": func(m *Manifest) { m.Counters["steps"]++ }, "fact": func(m *Manifest) { m.Facts["loss"] = "x" }, "file": func(m *Manifest) { m.Files = []File{{Name: "a"}} },
		"format": func(m *Manifest) { m.Version++ },
	} {
		m := testManifest()
		change(m)
		if m.Digest() == base {
			t.Errorf("%s is not in the digest", name)
		}
	}
	m := testManifest()
	m.Created = "another time"
	if m.Digest() != base {
		t.Error("the time is in the digest")
	}
}

func TestManifest_CutAtEveryByteIsRefused(t *testing.T) {
	whole := read(t, goldenManifest(t))
	for n := range whole {
		if _, err := decodeManifest(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestLoad_SaysWhatIsWrong(t *testing.T) {
	root := t.TempDir()
	whole := func(name string) string {
		dir := filepath.Join(root, name)
		if err := commitText(dir, "text"); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	noManifest, gone, short, newer, bad, unsafe := whole("a"), whole("b"), whole("c"), whole("d"), whole("e"), whole("f")
	edit := func(dir, from, to string) {
		path := filepath.Join(dir, ManifestName)
		write(t, path, bytes.ReplaceAll(read(t, path), []byte(from), []byte(to)))
	}
	if err := errors.Join(os.Remove(filepath.Join(noManifest, ManifestName)), os.Remove(filepath.Join(gone, "a.txt")), os.Truncate(filepath.Join(short, "a.txt"), 1)); err != nil {
		t.Fatal(err)
	}
	edit(newer, `"version": 1`, `"version": 2`)
	edit(bad, `"seed": 9`, `"seed": 8`)
	m := testManifest()
	m.Version, m.Files = 1, []File{{Name: "../d/a.txt", Size: 4}}
	data, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(unsafe, ManifestName), data)
	for _, c := range []struct {
		dir  string
		want error
		text string
	}{
		{filepath.Join(root, "none"), ErrMissing, "none"}, {noManifest, ErrIncomplete, ManifestName}, {gone, ErrIncomplete, "a.txt is gone"}, {short, ErrIncomplete, "a.txt has 1 bytes, not 4"},
		{newer, ErrNewer, "version 2"}, {bad, ErrCorrupt, "digest"}, {unsafe, ErrCorrupt, "../d/a.txt"},
	} {
		if _, err := Load(c.dir); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.dir, err)
		}
		if err := Verify(c.dir); !errors.Is(err, c.want) {
			t.Errorf("verify %s: %v", c.dir, err)
		}
	}
}

func FuzzManifest_AnyTextIsReadOrRefused(f *testing.F) {
	f.Add(read(f, filepath.Join("testdata", "manifest.json")))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":9}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeManifest(data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewer) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		if again, err := m.encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("accepted what it would not write: %v", err)
		}
	})
}
