package report

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEvents_TimeOfAStageIsThatOfItsSittings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	text := `{"t":"2026-01-01T00:00:00Z","type":"stage","stage":"dp","phase":"run"}
{"t":"2026-01-01T00:00:10Z","type":"step","stage":"dp"}
{"t":"2026-01-01T00:00:12Z","type":"exit"}
{"t":"2026-01-01T05:00:00Z","type":"stage","stage":"dp","phase":"resume"}
{"t":"2026-01-01T05:00:05Z","type":"checkpoint","stage":"dp"}
{"t":"2026-01-01T05:00:05Z","type":"stage","stage":"eval","phase":"run"}
{"t":"2026-01-01T05:00:06Z","type":"llm"}
{"t":"2026-01-01T05:00:30Z","type":"llm"}
{"t":"2026-01-01T05:00:40Z","type":"step","stage":"eval"}
{"t":"2026-01-01T05:01
{"t":"2026-01-01T06:00:00Z","type":"exit"}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := secondsByStage(path)
	if err != nil || got["dp"] != 15 || got["eval"] != 35 {
		t.Errorf("%v, %v: want dp 15 s, eval 35 s with the black box's calls", got, err)
	}
}
