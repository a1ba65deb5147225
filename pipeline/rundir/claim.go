package rundir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"slm/checkpoint"
)

// claims is the folder of the locks of stages, beside the runs.
const claims = ".stages"

// poll is how often a claim that another process has is tried again.
const poll = 200 * time.Millisecond

// Claim is the right to make one thing: the checkpoint that a stamp stands for, among all runs beside each other, or a file. Who has it works, and
// whoever needs the same waits and goes on from there. The operating system drops it with the process.
type Claim struct{ f *flock.Flock }

// TakeClaim waits until nobody else makes the checkpoint of that stamp. waits is called once if somebody does, with his name.
func TakeClaim(ctx context.Context, dir, stamp string, waits func(by string)) (*Claim, error) {
	mark, _, _ := strings.Cut(strings.TrimSpace(stamp), " ")
	path := filepath.Join(dir, "runs", claims, mark[:min(32, len(mark))])
	if err := checkpoint.MakeDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("pipeline: claim %s: %w", path, err)
	}
	return take(ctx, path, waits)
}

// TakeFile waits until nobody else writes a file that is replaced as a whole, which no lock on the file itself would outlive. The lock is a hidden
// file beside it for that long. waits is called once if somebody does, with his name.
func TakeFile(ctx context.Context, file string, waits func(by string)) (*Claim, error) {
	return take(ctx, filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".lock"), waits)
}

func take(ctx context.Context, path string, waits func(by string)) (*Claim, error) {
	fail := func(err error) error { return fmt.Errorf("pipeline: claim %s: %w", path, err) }
	for told := false; ; {
		f := flock.New(path, flock.SetPermissions(fs.FileMode(0o644)))
		ok, err := f.TryLock()
		if err != nil {
			return nil, fail(err)
		}
		if !ok {
			if !told {
				told = true
				waits(describeHolder(path))
			}
			if ok, err = f.TryLockContext(ctx, poll); !ok {
				return nil, errors.Join(fmt.Errorf("pipeline: stopped while another process has what it needs: %w", errors.Join(context.Cause(ctx), err)), f.Close())
			}
		}
		if !current(f) { // who had it has removed the file
			if err := f.Unlock(); err != nil {
				return nil, fail(err)
			}
			continue
		}
		host, _ := os.Hostname() // unknown is shown as ""
		text, err := json.Marshal(holder{os.Getpid(), host})
		if err == nil {
			err = os.WriteFile(path, append(text, '\n'), 0o644)
		}
		if err != nil {
			return nil, errors.Join(fail(err), f.Unlock())
		}
		return &Claim{f}, nil
	}
}

// current reports whether a lock is on the file that has its name now.
func current(f *flock.Flock) bool {
	now, err := os.Stat(f.Path())
	if err != nil {
		return false
	}
	mine, err := f.Stat()
	return err == nil && os.SameFile(now, mine)
}

// Release lets others have it. A nil claim is none.
func (c *Claim) Release() error {
	if c == nil {
		return nil
	}
	return errors.Join(os.Remove(c.f.Path()), c.f.Unlock())
}
