// Package rundir is a run's folder on disk: the names of its files, how runs are found, the lock, the seal, the events and the stamps of
// interrupted work. What is done with a run stands above it.
package rundir

import (
	"path/filepath"
	"strings"
)

// The files and folders of a run beside its stages' checkpoints.
const (
	RecipeFile  = "recipe.yaml"
	PlanFile    = "plan.json"
	EventsFile  = "events.jsonl"
	RepliesFile = "replies.wal"
	ReportFile  = "report.html"
	LockFile    = "lock"
	SealFile    = "seal.json"
	WorkFolder  = "work"
)

// The replies that ask and eval --items have bought for a run: as they come, and for other programs and runs as a checkpoint of its own. The vectors
// that a server has made of their questions stand apart.
const (
	AskedJournal = "asked.wal"
	AskedServer  = "asked-server.wal"
	AskedFolder  = "asked"
)

// ConfidenceFile says how sure a run's small models are of the places that they name. ask writes it.
const ConfidenceFile = "confidence.json"

// RepliesTable is the file of a checkpoint that holds the replies its stage has used.
const RepliesTable = "replies.arrow"

// isOtherJournal says whether stages.OtherReplies gives such a name.
func isOtherJournal(file string) bool {
	name, ok := strings.CutPrefix(strings.TrimSuffix(file, ".wal"), "replies-")
	return ok && name != "" && strings.HasSuffix(file, ".wal") && !strings.ContainsAny(name, `/\`)
}

// Journals are the names of a run's journals of replies: the run's black box first, whether it is there or not, then those of others.
func Journals(folder string) []string {
	names := []string{RepliesFile}
	for _, file := range Glob(folder, "replies-*.wal") {
		names = append(names, filepath.Base(file))
	}
	return names
}

// Glob lists what matches a pattern below a folder, sorted. The folder is taken as it is, whatever its name contains.
func Glob(folder string, pattern ...string) []string {
	folder = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
	found, err := filepath.Glob(filepath.Join(append([]string{folder}, pattern...)...))
	if err != nil {
		panic(err) // the patterns are the program's own
	}
	return found
}
