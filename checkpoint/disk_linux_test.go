package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() { roles["full"] = onFullDisk }

// TestCommit_FullOrReadOnlyDiskIsToldAndCostsNothing runs onFullDisk in a process that has a file system of 256 KB to itself.
func TestCommit_FullOrReadOnlyDiskIsToldAndCostsNothing(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHECKPOINT_TEST_ROLE=full", "CHECKPOINT_TEST_DIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == 3) {
		t.Skipf("this system gives no file system to a test: %v %s", err, out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// onFullDisk mounts a small file system, fills it and makes it read-only; it returns an exit code, 3 when it may not mount.
func onFullDisk(dir string) int {
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
		fmt.Println(err)
		return 3
	}
	failed := 0
	check := func(ok bool, what string, args ...any) {
		if !ok {
			fmt.Printf(what+"\n", args...)
			failed = 1
		}
	}
	dp, big := filepath.Join(dir, "dp"), []Tensor{{Name: "big", Shape: []int{1 << 18}, Data: make([]float32, 1<<18)}}
	check(commitText(dp, "old") == nil, "first commit failed")

	p, err := Begin(dp)
	check(err == nil, "begin: %v", err)
	err = WriteWeights(p.Path("weights.arrow"), nil, big)
	check(errors.Is(err, syscall.ENOSPC), "weights on a full disk: %v", err)
	check(p.Abort() == nil, "abort failed")
	check(Verify(dp) == nil, "the old checkpoint was hurt")

	err = WriteTable(filepath.Join(dir, "t.arrow"), []wide{{1, strings.Repeat("x", 1<<20)}}, nil)
	check(errors.Is(err, syscall.ENOSPC), "table on a full disk: %v", err)
	err = WriteFileAtomic(filepath.Join(dir, "f"), make([]byte, 1<<20))
	check(errors.Is(err, syscall.ENOSPC), "file on a full disk: %v", err)
	left, _ := os.ReadDir(dir)
	check(len(left) == 1, "left behind: %v", left)

	wal := filepath.Join(dir, "j.wal")
	j, _, err := OpenJournal(wal)
	check(err == nil, "journal: %v", err)
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = j.Append(make([]byte, 3000))
	}
	check(errors.Is(err, syscall.ENOSPC), "journal on a full disk: %v", err)
	check(j.Append([]byte("small")) == nil || n < 2, "a small entry did not fit after a large one was taken back")
	again, got, err := OpenJournal(wal)
	check(err == nil && len(got) == n && string(got[n-1]) == "small", "journal has %d entries of %d: %v", len(got), n, err)
	check(errors.Join(j.Close(), again.Close()) == nil, "close")

	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		fmt.Println("cannot be made read-only:", err)
		return 3
	}
	_, err = Begin(dp)
	check(errors.Is(err, syscall.EROFS), "begin on a read-only disk: %v", err)
	err = WriteWeights(filepath.Join(dir, "w.arrow"), nil, nil)
	check(errors.Is(err, syscall.EROFS), "weights on a read-only disk: %v", err)
	_, _, err = OpenJournal(wal)
	check(errors.Is(err, syscall.EROFS), "journal on a read-only disk: %v", err)
	check(Verify(dp) == nil, "reading needs no writing")
	return failed
}
