package session

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/blackbox"
	"slm/pipeline/rundir"
	"slm/stages/search"
)

// boxes are the black boxes of a run and the place where their replies are stored, for all sessions that share them.
type boxes struct {
	box *blackbox.Box

	mu     sync.Mutex
	server *blackbox.Box // that makes vectors of questions; nil = the run has none, or nobody has asked for it
	hold   *flock.Flock  // nil = replies are kept in memory
	users  int           // sessions
}

func (b *boxes) share() *boxes {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.users++
	return b
}

// leave closes the boxes when the last session leaves.
func (b *boxes) leave(folder string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users--; b.users > 0 {
		return nil
	}
	err := b.server.Close()
	if b.hold == nil {
		return errors.Join(err, b.box.Close())
	}
	err = errors.Join(err, b.box.ExportAsked(folder), b.box.Close())
	return errors.Join(err, b.hold.Unlock())
}

// keep stores the replies of this session in the run's folder. Where that cannot be, because the folder is read-only or another session
// writes there, they are kept in memory.
func (s *Session) keep() {
	hold := flock.New(filepath.Join(s.Folder, rundir.AskedJournal), flock.SetPermissions(fs.FileMode(0o644)))
	if ok, err := hold.TryLock(); err != nil || !ok {
		s.log.Info("replies of this session are not stored", "folder", s.Folder, "why", err)
		return
	}
	s.hold, s.box.Keep, s.box.Journal = hold, s.Folder, rundir.AskedJournal
}

// openServer opens the server whose vectors the run's sections are found by. The vectors of new questions are stored beside the other replies.
func (s *Session) openServer() (llm.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		servers := search.Servers(s.Recipe)
		if len(servers) == 0 {
			return nil, fmt.Errorf("pipeline: %s finds sections by a server, and its recipe names none: %w", s.Folder, checkpoint.ErrCorrupt)
		}
		s.server = &blackbox.Box{Config: servers[0].Config, Offline: s.opt.Offline || s.opt.Cut, Room: s.box.Room, Seed: s.box.Seed, Others: s.box.Others, Keep: s.box.Keep, Journal: rundir.AskedServer}
	}
	service, err := s.server.Open(s.kernel, nil)
	if err != nil {
		return nil, err
	}
	return s.hidden(service), nil
}
