package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// commitText commits a checkpoint with one file of the given text.
func commitText(dir, text string) error {
	p, err := Begin(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Path("a.txt"), []byte(text), 0o644); err != nil {
		return err
	}
	return p.Commit(testManifest())
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func TestCommit_CheckpointLoadsAndANewOneTakesItsPlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "dp")
	for _, text := range []string{"one", "two", "three"} {
		if err := commitText(dir, text); err != nil {
			t.Fatal(err)
		}
		m, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Files) != 1 || m.Files[0].Name != "a.txt" || m.Files[0].Size != int64(len(text)) || m.Version != FormatVersion {
			t.Errorf("%+v", m.Files)
		}
		if got := string(read(t, filepath.Join(dir, "a.txt"))); got != text {
			t.Errorf("%q, want %q", got, text)
		}
		if err := Verify(dir); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, filepath.Dir(dir)); got != "dp" {
		t.Errorf("left behind: %s", got)
	}
}

func TestCommit_TwoStepReplacementIsTheSame(t *testing.T) {
	parent := t.TempDir()
	dir, next := filepath.Join(parent, "dp"), filepath.Join(parent, ".dp.tmp-1")
	if err := errors.Join(commitText(dir, "one"), commitText(next, "two")); err != nil {
		t.Fatal(err)
	}
	if err := replaceInTwoSteps(next, dir); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, filepath.Join(dir, "a.txt"))); got != "two" || names(t, parent) != "dp" {
		t.Errorf("%q, left %s", got, names(t, parent))
	}
}

func TestCommit_InterruptedOneLeavesTheOldCheckpointReadable(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "dp")
	if err := commitText(dir, "old"); err != nil {
		t.Fatal(err)
	}
	p, err := Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, p.Path("a.txt"), []byte("half"))
	if err := Verify(dir); err != nil {
		t.Errorf("while another is written: %v", err)
	}
	p.lock.release() // the process dies here
	if err := Verify(dir); err != nil {
		t.Errorf("after the writer died: %v", err)
	}
	if err := commitText(dir, "new"); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, filepath.Join(dir, "a.txt"))); got != "new" || names(t, parent) != "dp" {
		t.Errorf("%q, left %s", got, names(t, parent))
	}
}

func TestCommit_CrashBetweenTheTwoStepsIsUndone(t *testing.T) {
	parent := t.TempDir()
	dir, old := filepath.Join(parent, "dp"), filepath.Join(parent, ".dp.old-7")
	if err := commitText(dir, "old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, old); err != nil {
		t.Fatal(err)
	}
	lock, err := lockDir(old) // its process lives
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, ErrMissing) {
		t.Errorf("taken from a living process: %v", err)
	}
	lock.release()
	if err := Verify(dir); err != nil {
		t.Errorf("the old checkpoint did not come back: %v", err)
	}
}

func TestBegin_LivingWriterIsNotSweptAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dp")
	a, err := Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.Path("a.txt"), []byte("a"))
	if err := commitText(dir, "b"); err != nil {
		t.Fatal(err)
	}
	if err := a.Commit(testManifest()); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, filepath.Join(dir, "a.txt"))); got != "a" {
		t.Errorf("%q", got)
	}
}

func TestAbort_LeavesNothingNorDoesAFailedCommit(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "dp")
	p, err := Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Abort(), p.Abort()); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(testManifest()); err == nil {
		t.Error("committed after Abort")
	}
	for name, spoil := range map[string]func(p *Pending) error{
		"manifest": func(p *Pending) error { return os.WriteFile(p.Path(ManifestName), nil, 0o644) },
		"link":     func(p *Pending) error { return os.Symlink("/etc/passwd", p.Path("x")) },
		"unclosed": func(p *Pending) error { _, err := createAtomic(p.Path("x")); return err },
	} {
		p, err := Begin(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(p); err != nil {
			t.Fatal(err)
		}
		if err := p.Commit(testManifest()); err == nil {
			t.Errorf("%s: committed", name)
		}
		if left := names(t, parent); left != "" {
			t.Errorf("%s: left %s", name, left)
		}
	}
}

// roles are what the test binary does when it is started by a test: to be killed, or to sit on a small disk. They return an exit code.
var roles = map[string]func(dir string) int{"writer": writeForEver}

func TestMain(m *testing.M) {
	if role := roles[os.Getenv("CHECKPOINT_TEST_ROLE")]; role != nil {
		os.Exit(role(os.Getenv("CHECKPOINT_TEST_DIR")))
	}
	os.Exit(m.Run())
}

func writeForEver(dir string) int {
	for i := 0; ; i++ {
		if err := commitText(filepath.Join(dir, "dp"), strings.Repeat(fmt.Sprint(i%10), 1000)); err != nil {
			fmt.Println("failed:", err)
			return 1
		}
		fmt.Println("committed")
	}
}

func TestCommit_KilledAtRandomPointsTheCheckpointIsAlwaysWhole(t *testing.T) {
	dir := t.TempDir()
	for round := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CHECKPOINT_TEST_ROLE=writer", "CHECKPOINT_TEST_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		if line != "committed\n" {
			t.Fatalf("writer said %q", line)
		}
		time.Sleep(time.Duration(round*1237) * time.Microsecond)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if err := Verify(filepath.Join(dir, "dp")); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		text := string(read(t, filepath.Join(dir, "dp", "a.txt")))
		if len(text) != 1000 || strings.Trim(text, text[:1]) != "" {
			t.Fatalf("round %d: a mixture of two checkpoints", round)
		}
	}
	if err := commitText(filepath.Join(dir, "dp"), "last"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "dp" {
		t.Errorf("leftovers were not removed: %s", got)
	}
}

func TestPending_RestoreKeepsTheManifestAndTakesNoOtherFiles(t *testing.T) {
	dir := t.TempDir()
	made, err := Begin(filepath.Join(dir, "made"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(made.Path("a/b"), []byte("text"), 0o644), made.Commit(&Manifest{Stage: "made"})); err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, "made", ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	for text, whole := range map[string]bool{"text": true, "tixt": false} {
		p, err := Begin(filepath.Join(dir, "copy"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.Path("a/b"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := p.Restore(manifest); (err == nil) != whole || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", text, err)
		}
		if err := Verify(filepath.Join(dir, "copy")); whole && err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "copy")); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Begin(filepath.Join(dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Restore(manifest[:len(manifest)/2]); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}
