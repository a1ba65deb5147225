package blackbox

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/rundir"
	"slm/stages"
)

// trigrams is a box that needs no weights.
func trigrams() llm.Config {
	c := llm.Default()
	c.Provider, c.Model = llm.Overlap, "character-trigrams"
	return c
}

// ask puts a question to a box.
func ask(t *testing.T, b *Box, emit func(stages.Event)) error {
	t.Helper()
	client, err := b.Open(nil, emit)
	if err != nil {
		t.Fatal(err)
	}
	_, err = llm.Answer(t.Context(), client, llm.Cloze, []llm.Question{{Question: "Which fruit is yellow?", Choices: []string{"A yellow lemon", "Coal"}}})
	return err
}

func TestBox_IsOpenedOnceAndTellsItsCalls(t *testing.T) {
	b := &Box{Config: trigrams(), Keep: t.TempDir()}
	if err := b.Close(); err != nil {
		t.Fatal("before it was opened:", err)
	}
	calls := 0
	if err := ask(t, b, func(e stages.Event) { calls += e.Calls }); err != nil {
		t.Fatal(err)
	}
	first, _ := b.Open(nil, nil)
	if second, err := b.Open(nil, nil); err != nil || second != first || calls == 0 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(b.Keep, rundir.RepliesFile)); err != nil {
		t.Error(err)
	}
	var none *Box
	if _, err := none.Open(nil, nil); err == nil || none.Close() != nil {
		t.Error("a run without a black box has one")
	}
}

func TestBox_OfflineAnswersWhatOtherRunsHaveExported(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "runs", "a")
	bought := &Box{Config: trigrams(), Keep: t.TempDir()}
	if err := errors.Join(os.MkdirAll(run, 0o777), ask(t, bought, nil), bought.ExportAsked(run), bought.Close()); err != nil {
		t.Fatal(err)
	}
	if files := Exported(dir); len(files) != 1 {
		t.Fatalf("%v", files)
	}
	if err := ask(t, &Box{Config: trigrams(), Offline: true}, nil); !errors.Is(err, llm.ErrOffline) {
		t.Errorf("without the others: %v", err)
	}
	if err := ask(t, &Box{Config: trigrams(), Offline: true, Others: dir}, nil); err != nil {
		t.Error(err)
	}
	if err := os.CopyFS(filepath.Join(run, ".asked.tmp-1"), os.DirFS(filepath.Join(run, rundir.AskedFolder))); err != nil {
		t.Fatal(err)
	}
	if files := Exported(dir); len(files) != 1 {
		t.Errorf("what is being written answers: %v", files)
	}
	table := filepath.Join(run, rundir.AskedFolder, rundir.RepliesTable)
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(table, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := ask(t, &Box{Config: trigrams(), Offline: true, Others: dir}, nil); !errors.Is(err, llm.ErrOffline) {
		t.Errorf("a damaged file answers: %v", err)
	}
}

func TestStored_ListsWhatIsThere(t *testing.T) {
	run := t.TempDir()
	if files := Stored(run); len(files) != 0 {
		t.Errorf("%v", files)
	}
	for _, name := range []string{filepath.Join(stages.KIT, rundir.RepliesTable), rundir.RepliesFile} {
		if err := errors.Join(checkpoint.MakeDir(filepath.Join(run, filepath.Dir(name))), os.WriteFile(filepath.Join(run, name), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	if files := Stored(run); len(files) != 2 || filepath.Base(files[1]) != rundir.RepliesFile {
		t.Errorf("%v", files)
	}
}

func TestBox_OthersKeepTheirRepliesApart(t *testing.T) {
	run := t.TempDir()
	b := &Box{Config: trigrams(), Keep: run, Others: t.TempDir()}
	other := b.Other(stages.BlackBox{Name: "writer", Config: trigrams()})
	if again := b.Other(stages.BlackBox{Name: "writer"}); again != other || b.Other(stages.BlackBox{Name: "judge"}) == other {
		t.Error("a box has another name")
	}
	kit := filepath.Join(run, stages.KIT)
	if err := errors.Join(ask(t, other, nil), os.Mkdir(kit, 0o777)); err != nil {
		t.Fatal(err)
	}
	journal, table := stages.OtherReplies("writer")
	if err := errors.Join(other.Replies(filepath.Join(kit, table)), b.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(run, rundir.RepliesFile)); err == nil {
		t.Error("the run's box has stored what it was not asked")
	}
	if files := Stored(run); len(files) != 2 || files[0] != filepath.Join(kit, table) || files[1] != filepath.Join(run, journal) {
		t.Errorf("%v", files)
	}
	again := &Box{Config: trigrams(), Offline: true, Replay: Stored(run)}
	if err := ask(t, again.Other(stages.BlackBox{Name: "judge", Config: trigrams()}), nil); err != nil {
		t.Error("what was stored is asked again:", err)
	}
}
