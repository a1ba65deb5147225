package rundir

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"slm/stages"
)

func clock() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func FuzzEvents_AnyFileIsReadAndAppendedTo(f *testing.F) {
	line, err := encodeEvent(stages.Event{V: EventVersion, T: clock().Format(time.RFC3339), Type: "step", Stage: "dp", Step: 3, Loss: 2.5, Message: `,"crc":"`})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line, 5)
	f.Add([]byte(`{"v":1,"t":"2026-01-02T03:04:05Z","type":"exit"}`), 1)
	f.Add([]byte(`{"v":2,"type":"exit"}`), 0)
	f.Fuzz(func(t *testing.T, text []byte, at int) {
		whole := EventIsWhole(text)
		if at < 0 || at >= len(text) {
			return
		}
		if whole && bytes.Contains(text, []byte(sumStart)) {
			if !EventIsCut(text[:at]) {
				t.Fatalf("%q is not taken for the beginning of a line", text[:at])
			}
			hurt := bytes.Clone(text)
			hurt[at] ^= 1 << (at % 8)
			if EventIsWhole(hurt) && !bytes.Contains(text, []byte(`"v":1`)) {
				t.Fatalf("%q is taken for whole", hurt)
			}
		}
		path := filepath.Join(t.TempDir(), EventsFile)
		if err := os.WriteFile(path, append(append(bytes.Clone(line), '\n'), text...), 0o666); err != nil {
			t.Fatal(err)
		}
		log, err := OpenEvents(path, clock, nil)
		if err != nil {
			t.Fatal(err)
		}
		log.Emit(stages.Event{Type: "exit"})
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		if !EventIsWhole(lines[0]) || !EventIsWhole(lines[len(lines)-1]) || bytes.Count(text, []byte("\n"))+2 != len(lines) {
			t.Fatalf("%q", data)
		}
	})
}

func TestEvents_OneCutAnywhereIsNotWholeAndIsCutOff(t *testing.T) {
	line, err := encodeEvent(stages.Event{V: EventVersion, T: "2026-01-02T03:04:05Z", Type: "step", Stage: "dp"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"v":2,"t":"2026-01-02T03:04:05Z","type":"step","stage":"dp","crc":"e54196b3"}`; string(line) != want {
		t.Errorf("%s", line)
	}
	for n := range line {
		if EventIsWhole(line[:n]) || !EventIsCut(line[:n]) {
			t.Errorf("%q", line[:n])
		}
	}
	for i := range line {
		hurt := bytes.Clone(line)
		hurt[i] ^= 2
		if EventIsWhole(hurt) {
			t.Errorf("%q", hurt)
		}
	}
}
