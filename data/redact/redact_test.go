package redact

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// all finds everything.
func all(t testing.TB) *Redactor {
	t.Helper()
	r, err := New([]string{"email", "phone", "iban", "card", "national_id"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRedactor_FindsWhatFakerMakes measures recall and precision on sentences of scripts/golden/personal.py. A value counts as found if the
// redactor has all of its digits or letters, whatever it takes them for.
func TestRedactor_FindsWhatFakerMakes(t *testing.T) {
	data, err := os.ReadFile("testdata/personal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	r := all(t)
	there, found := map[string]int{}, map[string]int{}
	marked, right := 0, 0
	for line := range strings.Lines(string(data)) {
		var row struct {
			Text  string
			Found [][2]string
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		got := r.Find(row.Text)
		for _, f := range row.Found {
			at := strings.Index(row.Text, f[1])
			there[f[0]]++
			if slices.ContainsFunc(got, func(g Found) bool { return g.From <= at && g.To >= at+len(f[1]) }) {
				found[f[0]]++
			} else {
				t.Logf("not found: %s %q", f[0], f[1])
			}
		}
		for _, g := range got {
			marked++
			if slices.ContainsFunc(row.Found, func(f [2]string) bool {
				at := strings.Index(row.Text, f[1])
				return g.From < at+len(f[1]) && g.To > at
			}) {
				right++
			} else {
				t.Logf("found in vain: %s %q in %q", g.Kind, row.Text[g.From:g.To], row.Text)
			}
		}
	}
	for _, k := range Kinds {
		t.Logf("%s: %d of %d found", k, found[string(k)], there[string(k)])
		if least := map[Kind]float64{Email: 1, IBAN: 1, Card: .95, NationalID: .75, Phone: .85}[k]; float64(found[string(k)]) < least*float64(there[string(k)]) {
			t.Errorf("%s: only %d of %d are found", k, found[string(k)], there[string(k)])
		}
	}
	t.Logf("%d of %d places that were found are personal", right, marked)
	if float64(right) < .98*float64(marked) {
		t.Errorf("only %d of %d places that were found are personal", right, marked)
	}
}

func TestRedactor_PlaceholdersArePutBack(t *testing.T) {
	r := all(t)
	text := "Write to ann@example.org, bob@example.org or ann@example.org; IBAN DE89 3704 0044 0532 0130 00. [EMAIL_1] is her own word."
	m := NewMap(text)
	hidden := r.Hide(text, m)
	want := "Write to [EMAIL_2], [EMAIL_3] or [EMAIL_2]; IBAN [IBAN_4]. [EMAIL_1] is her own word."
	if hidden != want || m.Restore(hidden) != text {
		t.Errorf("%q\n%q", hidden, m.Restore(hidden))
	}
	for reply, want := range map[string]string{"EMAIL_2 it is": "ann@example.org it is", "[email_3]": "bob@example.org", "[EMAIL_9]": "[EMAIL_9]", "EMAIL_22": "EMAIL_22", "[EMAIL_0]": "[EMAIL_0]"} {
		if got := m.Restore(reply); got != want {
			t.Errorf("%q becomes %q, want %q", reply, got, want)
		}
	}
	for n := range len(hidden) + 1 {
		if got := m.RestoreSoFar(hidden[:n]); !strings.HasPrefix(text, got) {
			t.Errorf("after %d bytes %q stands for sure", n, got)
		}
	}
	if got := m.RestoreSoFar(hidden + " "); got != text+" " {
		t.Errorf("%q", got)
	}
	if _, err := New([]string{"name"}); err == nil {
		t.Error("an unknown kind is taken")
	}
	some, err := New([]string{"iban"})
	if err != nil || some.Hide("a@b.org", NewMap()) != "a@b.org" {
		t.Error("what was not asked for is hidden", err)
	}
}

func FuzzRedactor_HiddenTextsComeBack(f *testing.F) {
	f.Add("a@b.org +49 30 1234567 [PHONE_2]")
	f.Add("DE89370400440532013000 4111 1111 1111 1111 123-45-6789")
	r := all(f)
	f.Fuzz(func(t *testing.T, text string) {
		m := NewMap(text)
		hidden := r.Hide(text, m)
		if got := m.Restore(hidden); got != text {
			t.Fatalf("%q is hidden as %q and comes back as %q", text, hidden, got)
		}
	})
}
