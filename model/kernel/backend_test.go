package kernel

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// eachBackend runs f on every backend that this machine has, the Go kernel at every level.
func eachBackend(t *testing.T, f func(t *testing.T, be Backend)) {
	eachLevel(t, func(t *testing.T) { f(t, goBackend{}) })
	for _, name := range Names() {
		if name == "go" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			be, err := Open(name)
			if errors.Is(err, ErrNoOneDNN) || errors.Is(err, ErrNoAMX) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			f(t, be)
		})
	}
}

func TestOpen_RefusesAnUnknownName(t *testing.T) {
	be, err := Open("cuda")
	if err == nil || be != nil || !strings.Contains(err.Error(), `"cuda"`) {
		t.Errorf("%v, %v", be, err)
	}
	t.Setenv("SLM_KERNEL", "abacus")
	if _, err := Open(""); err == nil || !strings.Contains(err.Error(), `"abacus"`) {
		t.Errorf("SLM_KERNEL=abacus: %v", err)
	}
}

func TestOpen_SLMKernelIsAskedForTheDefaultOnly(t *testing.T) {
	t.Setenv("SLM_KERNEL", "go")
	if be, err := Open(""); err != nil || be != (goBackend{}) {
		t.Errorf("%v, %v", be, err)
	}
	t.Setenv("SLM_KERNEL", "abacus")
	if be, err := Open("go"); err != nil || be != (goBackend{}) {
		t.Errorf("%v, %v", be, err)
	}
}

// helperVariable makes the test's own program say what it opens.
const helperVariable = "SLM_TEST_OPEN"

func TestOneDNN_CanBeSwitchedOff(t *testing.T) {
	if os.Getenv(helperVariable) != "" {
		be, err := Open("")
		if err != nil {
			t.Fatal(err)
		}
		_, named := Open("onednn-f32")
		_, version := OneDNN()
		missing := errors.Is(named, ErrNoOneDNN) && errors.Is(version, ErrNoOneDNN) && strings.Contains(version.Error(), "SLM_ONEDNN=off")
		if _, err := os.Stdout.WriteString("\nopened " + be.Name() + "\n"); err != nil || !missing {
			t.Fatal(err, named, version)
		}
		return
	}
	// In another process, because a library that has been opened stays open.
	child := exec.Command(os.Args[0], "-test.run=^TestOneDNN_CanBeSwitchedOff$")
	child.Env = append(os.Environ(), helperVariable+"=1", "SLM_ONEDNN=off", "SLM_CPU=avx2", "SLM_KERNEL=")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "opened "); ok {
			if want := "go-f32+avx2"; name != want {
				t.Errorf("opened %s, want %s", name, want)
			}
			return
		}
	}
	t.Errorf("the child said nothing:\n%s", out)
}

func TestBackends_HaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	eachBackend(t, func(t *testing.T, be Backend) {
		if seen[be.Name()] || !strings.Contains(be.Name(), CPU()) {
			t.Errorf("%q: used before, or without the level %s", be.Name(), CPU())
		}
		seen[be.Name()] = true
	})
}
