package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// alone serves a run in a network namespace that has nothing but its own loopback, asks it, and stops it.
const alone = `ip link set lo up || exit 99
"$SELF" serve small --offline --addr 127.0.0.1:18999 >serve.out 2>serve.err &
pid=$!
for i in $(seq 300); do curl -sf http://127.0.0.1:18999/ready >/dev/null && break; sleep .1; done
ask() { curl -s -H 'Content-Type: application/json' -d "$2" "http://127.0.0.1:18999/v1/$1"; echo; }
ask chat/completions '{"model":"checked","messages":[{"role":"user","content":"What does section 2 of Apache-2.0 license say?"}]}'
ask chat/completions '{"model":"llm","messages":[{"role":"user","content":"What does section 2 say?"}]}'
ask completions '{"model":"small-model","prompt":"The","max_tokens":4}'
kill -TERM $pid
wait $pid
echo "exit $?"`

func TestServe_OfflineNeedsNoNetworkAndSIGTERMEndsItInOrder(t *testing.T) {
	for _, tool := range []string{"unshare", "ip", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("there is no ", tool)
		}
	}
	if out, err := exec.Command("unshare", "-n", "true").CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %s", out)
	}
	dir := t.TempDir()
	server := "llm: {provider: openai, url: \"http://192.0.2.1/v1\", model: far, answer: letter, budget: {calls: 5}, retries: 0}\n" // an address for documents
	put(t, filepath.Join(dir, "r.yaml"), small+server)
	if o := slm(t, dir, "train", "r.yaml", "--until", "dp"); o.code != 0 {
		t.Fatal(o.out, o.err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "-n", "sh", "-c", alone)
	cmd.Dir = dir
	cmd.Env = []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir, "SELF=" + self, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	want := []string{`"degraded":"the server is offline`, `"code":"offline"`, `"object":"text_completion"`, "exit 0"}
	var got []string
	for _, l := range lines {
		if l != "" {
			got = append(got, l)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s", out)
	}
	for i, w := range want {
		if !strings.Contains(got[i], w) {
			t.Errorf("%s\nlacks %s", got[i], w)
		}
	}
}

func TestServe_AddressOthersReachNeedsAKey(t *testing.T) {
	dir := t.TempDir()
	for _, args := range []string{"serve x --addr 0.0.0.0:0", "serve x --addr :8080", "serve x --addr 8080", "serve x --key-env NOBODY_HAS_THIS", "serve x --tls-cert a", "serve x --redact names", "serve x --places 0"} {
		if o := slm(t, dir, strings.Fields(args)...); o.code != exitUsage {
			t.Errorf("slm %s: exit %d\n%s", args, o.code, o.err)
		}
	}
}
