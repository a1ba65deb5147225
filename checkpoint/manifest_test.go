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

func goldenManifest(t testing.TB) string { return goldenOf(t, "manifest2.json", FormatVersion) }

// goldenOf is the test's manifest as a program of a version wrote it.
func goldenOf(t testing.TB, name string, version int) string {
	return golden(t, name, func(path string) error {
		data, err := versioned(version).encode()
		if err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o644)
	})
}

func versioned(version int) *Manifest {
	m := testManifest()
	m.Version, m.Files = version, []File{{Name: "resume/a.bin", Size: 3, SHA256: strings.Repeat("ab", 32)}}
	if version > 1 {
		m.Numerics = "f32"
	}
	return m
}

func TestManifest_GoldenOnesReadAndKeepTheirDigests(t *testing.T) {
	for version, digest := range []string{
		1: "4dc8c11c04bf7dea58b736f1eda43ca714873885401325dda5c966468623789e",
		2: "4448109e749b612f0fcb2e8e3917d5d18d052c221aa890a2ba917c8843114d0b",
	} {
		if version == 0 {
			continue
		}
		m, err := decodeManifest(read(t, goldenOf(t, []string{1: "manifest.json", 2: "manifest2.json"}[version], version)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m, versioned(version)) {
			t.Errorf("%+v", m)
		}
		if got := m.Digest(); got != digest {
			t.Errorf("version %d: digest %s, golden %s: every checkpoint in the world changes its name", version, got, digest)
		}
	}
}

func TestDigest_IgnoresTheTimeTheKernelAndNothingElse(t *testing.T) {
	base := versioned(2).Digest()
	for name, change := range map[string]func(*Manifest){
		"stage": func(m *Manifest) { m.Stage = "x" }, "fingerprint": func(m *Manifest) { m.Fingerprint = "x" }, "seed": func(m *Manifest) { m.Seed++ },
		"parent": func(m *Manifest) { m.Parents["data"] = "x" }, "numerics": func(m *Manifest) { m.Numerics = "x" }, "version": func(m *Manifest) { m.Versions["slm"] = "x" },
		"counter": func(m *Manifest) { m.Counters["steps"]++ }, "fact": func(m *Manifest) { m.Facts["loss"] = "x" }, "file": func(m *Manifest) { m.Files = []File{{Name: "a"}} },
		"format": func(m *Manifest) { m.Version++ },
	} {
		m := versioned(2)
		change(m)
		if m.Digest() == base {
			t.Errorf("%s is not in the digest", name)
		}
	}
	m := versioned(2)
	m.Created, m.Kernel = "another time", "another kernel"
	if m.Digest() != base {
		t.Error("the time or the kernel is in the digest")
	}
	if a, b := versioned(1), versioned(1); func() bool { b.Kernel = "another"; return a.Digest() == b.Digest() }() {
		t.Error("the kernel is not in a digest of version 1")
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
	edit(newer, `"version": 2`, `"version": 3`)
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
		{newer, ErrNewer, "version 3"}, {bad, ErrCorrupt, "digest"}, {unsafe, ErrCorrupt, "../d/a.txt"},
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
