package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slm/llm"
	"slm/pipeline/session"
)

// driver is what a test types and clicks, behind the page's own script. seen(NAME, VALUE) notes what it sees.
const driver = `<script>
const notes = {}, seen = (k, v) => { notes[k] = v }, wait = async f => { for (let i = 0; i < 400 && !f(); i++) await new Promise(r => setTimeout(r, 10)) };
const shown = () => $("answers").innerText;
(async () => {
  await wait(() => $("first").options.length > 1);
  SCRIPT
})().catch(e => seen("thrown", e.stack)).finally(() => { const p = make("pre", JSON.stringify(notes)); p.id = "notes"; p.hidden = true; document.body.append(p) });
</script>`

// browsed opens the page in headless Chromium, drives it and returns what was noted. A picture is kept where SLM_SCREENSHOTS names a folder.
func browsed(t *testing.T, run Run, script, picture string, width int, dark bool) map[string]any {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here")
	}
	s := New(config())
	s.Put(run)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			s.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		_, _ = w.Write(bytes.Replace(rec.Body.Bytes(), []byte("</body>"), []byte(strings.Replace(driver, "SCRIPT", script, 1)+"</body>"), 1))
	}))
	defer h.Close()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + t.TempDir(), "--virtual-time-budget=8000", "--window-size=" + [...]string{390: "390,900", 820: "820,900", 1600: "1600,1000"}[width]}
	if dark {
		args = append(args, "--blink-settings=preferredColorScheme=0")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if dir := os.Getenv("SLM_SCREENSHOTS"); dir != "" {
		if out, err := exec.CommandContext(ctx, chromium, append(args, "--screenshot="+filepath.Join(dir, picture+".png"), h.URL)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	out, err := exec.CommandContext(ctx, chromium, append(args, "--dump-dom", h.URL)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)<pre id="notes" hidden="">(.*?)</pre>`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("the page was not driven to its end:\n%s", out)
	}
	notes := map[string]any{}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &notes); err != nil {
		t.Fatal(err)
	}
	if notes["thrown"] != nil {
		t.Fatal(notes["thrown"])
	}
	return notes
}

func TestPage_AsksAndShowsWhereTheAnswerComesFrom(t *testing.T) {
	for _, c := range []struct {
		width int
		dark  bool
	}{{390, false}, {820, true}, {1600, false}} {
		got := browsed(t, &fake{}, `
			seen("usual", $("first").value);
			seen("lacks", [...$("first").options].filter(o => o.disabled).map(o => o.textContent).join());
			$("second").value = "checked";
			$("alone").checked = true;
			$("question").value = "Why?";
			$("question").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
			await wait(() => $("status").textContent === "Answered.");
			seen("status", $("status").textContent);
			seen("text", shown());
			seen("cards", $("answers").children.length);
			seen("wide", document.documentElement.scrollWidth <= innerWidth);
			seen("history", $("history").querySelectorAll("li").length);
			seen("key", $("keyrow").offsetHeight);
			$("answers").querySelector("button.link").click();
			await wait(() => document.querySelector("mark"));
			seen("mark", document.querySelector("mark").textContent);
			seen("parts", $("parts").innerText);
			seen("bold", $("parts").querySelectorAll("b").length);
			if (innerWidth < 1600) $("document").close();
		`, "page-"+strings.Repeat("d", map[bool]int{true: 1}[c.dark])+[...]string{390: "390", 820: "820", 1600: "1600"}[c.width], c.width, c.dark)
		text, _ := got["text"].(string)
		for _, want := range []string{"It has a rule — 一条规则.", "The town, Section 1", "town.txt:3", "The sea, Section 2", "75 %", "The town has a rule.", "in the documents, word for word", "answered by toy"} {
			if !strings.Contains(text, want) {
				t.Errorf("%d: %q does not show %q", c.width, text, want)
			}
		}
		if got["usual"] != "auto" || got["lacks"] != "proxy is not here: the LLM is not in this process" || got["cards"] != 3.0 || got["key"] != 0.0 || got["wide"] != true || got["history"] != 1.0 || got["mark"] != "The town has a rule." || got["bold"] != 0.0 || !strings.Contains(got["parts"].(string), "<b>More.</b>") {
			t.Errorf("%d: %v", c.width, got)
		}
	}
}

func TestPage_StopsAndShowsErrors(t *testing.T) {
	run := newSlow()
	got := browsed(t, run, `
		ask("Why?");
		await wait(() => !$("stop").disabled);
		$("stop").click();
		await wait(() => $("status").textContent === "Stopped.");
		seen("stopped", shown());
		seen("sendable", !$("send").disabled);
	`, "page-stop", 390, false)
	if !strings.Contains(got["stopped"].(string), "Stopped.") || got["sendable"] != true {
		t.Errorf("%v", got)
	}
	down := &fake{ask: func(context.Context, session.Question) (*session.Answer, error) { return nil, llm.ErrUnavailable }}
	got = browsed(t, down, `
		ask("Why?");
		await wait(() => $("status").textContent === "An answer failed.");
		seen("error", shown());
		seen("history", $("history").querySelectorAll("li").length);
	`, "page-error", 390, false)
	if !strings.Contains(got["error"].(string), "the language model gives no answer") || got["history"] != 0.0 {
		t.Errorf("%v", got)
	}
}

func TestPage_LoadsNothingFromOutside(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	resp, err := http.Get(h.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if p := resp.Header.Get("Content-Security-Policy"); p != policy || resp.StatusCode != http.StatusOK {
		t.Error(resp.StatusCode, p)
	}
	if m := regexp.MustCompile(`(src|href)=|https?://|@import|url\(`).Find(page); m != nil {
		t.Errorf("it names %s", m)
	}
}

func TestSource_IsThatOfTheExpertWhoIsNamed(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	for query, want := range map[string]int{"at=town.txt:3": http.StatusOK, "at=town.txt:3&expert=town": http.StatusOK, "at=town.txt:3&expert=sea": http.StatusNotFound} {
		resp, err := http.Get(h.URL + "/source?" + query)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", query, resp.StatusCode, want)
		}
	}
}
