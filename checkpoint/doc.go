// Package checkpoint puts what a stage made on disk and finds it again: Arrow files that are mapped instead of read, a manifest
// that is written last, and a journal whose entries survive a crash.
//
// A checkpoint is a directory. It exists once its manifest.json does: Begin makes a temporary directory beside the final one,
// the stage writes its files there, and Commit hashes and syncs each of them, writes the manifest, and renames. So a reader
// sees the old checkpoint or the new one, whole, whenever the machine stops.
//
// It is not a store of versions: a checkpoint has one directory, and a new one takes its place.
//
//	p, err := checkpoint.Begin("runs/legal/dp")
//	defer p.Abort() // does nothing after Commit
//	err = checkpoint.WriteWeights(p.Path("weights.arrow"), meta, tensors)
//	err = p.Commit(&checkpoint.Manifest{Stage: "dp", Fingerprint: fp, Seed: 7})
//	m, err := checkpoint.Load("runs/legal/dp")
package checkpoint

import "errors"

// Why a checkpoint cannot be used. Test with errors.Is; the error's text names the file and says what to do.
var (
	// ErrMissing: nothing is there.
	ErrMissing = errors.New("checkpoint missing")
	// ErrIncomplete: the directory has no manifest, or a file that the manifest lists is gone or has another length.
	ErrIncomplete = errors.New("checkpoint incomplete")
	// ErrNewer: a newer program wrote it.
	ErrNewer = errors.New("checkpoint has a newer format")
	// ErrCorrupt: the bytes are not those that were written.
	ErrCorrupt = errors.New("checkpoint corrupt")
)
