package serve

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The protocol's own clients drive every endpoint.

// TestOpenAI_GoClientReadsEveryEndpoint runs scripts/golden/openaiclient.
func TestOpenAI_GoClientReadsEveryEndpoint(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("compiling OpenAI's client takes minutes: SLM_TEST_ALL=1")
	}
	_, h := serving(t, config(), &fake{})
	cmd := exec.CommandContext(t.Context(), "go", "run", ".", h.URL)
	cmd.Dir = filepath.Join("..", "scripts", "golden", "openaiclient")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOpenAI_PythonClientReadsEveryEndpoint runs scripts/golden/openai_client.py.
func TestOpenAI_PythonClientReadsEveryEndpoint(t *testing.T) {
	python := os.Getenv("SLM_PYTHON")
	if python == "" {
		t.Skip("SLM_PYTHON names no python with openai")
	}
	if out, err := exec.Command(python, "-c", "import openai").CombinedOutput(); err != nil {
		t.Skipf("%s has no openai: %s", python, out)
	}
	_, h := serving(t, config(), &fake{})
	if out, err := exec.Command(python, filepath.Join("..", "scripts", "golden", "openai_client.py"), h.URL).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
