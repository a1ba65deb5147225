package serve

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
)

// completed is the first choice of a completion.
func completed(t *testing.T, url, more string) completionChoice {
	t.Helper()
	status, _, body := post(t, url+"/v1/completions", `{"model":"small-model",`+more+`}`)
	var got completionResponse
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
		t.Fatal(more, status, body)
	}
	return got.Choices[0]
}

func TestCompletions_EchoGivesTheLogProbabilityOfEveryToken(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	m, err := small()
	if err != nil {
		t.Fatal(err)
	}
	const text = "the rule of the sea — 海"
	c := completed(t, h.URL, fmt.Sprintf(`"prompt":%q,"max_tokens":0,"echo":true,"logprobs":1`, text))
	ids := m.Tokenizer.Encode(text)
	if c.Text != text || len(c.Logprobs.Each) != len(ids) || c.Logprobs.Each[0] != nil || c.Logprobs.Top[0] != nil {
		t.Fatalf("%d tokens: %+v", len(ids), c)
	}
	tokens, _ := json.Marshal(ids)
	if same := completed(t, h.URL, fmt.Sprintf(`"prompt":%s,"max_tokens":0,"echo":true,"logprobs":1`, tokens)); fmt.Sprint(same) == "" || same.Text != text || *same.Logprobs.Each[3] != *c.Logprobs.Each[3] {
		t.Errorf("as tokens: %+v", same)
	}
	for i := 1; i < len(ids); i++ {
		for name, p := range c.Logprobs.Top[i] {
			if *c.Logprobs.Each[i] > p || *c.Logprobs.Each[i] < -20 || math.IsNaN(p) {
				t.Errorf("token %d: %v, the likeliest %s %v", i, *c.Logprobs.Each[i], name, p)
			}
		}
	}
	with := completed(t, h.URL, fmt.Sprintf(`"prompt":%q,"max_tokens":5,"echo":true,"logprobs":0`, text))
	for i := 1; i < len(ids); i++ {
		if *with.Logprobs.Each[i] != *c.Logprobs.Each[i] {
			t.Errorf("token %d of the prompt is %v when something is written behind it, else %v", i, *with.Logprobs.Each[i], *c.Logprobs.Each[i])
		}
	}
	if len(with.Logprobs.Each) != len(ids)+5 || with.Logprobs.Top != nil || !strings.HasPrefix(with.Text, text) {
		t.Errorf("%+v", with)
	}
}

func TestCompletions_StopAndStreamGiveTheSameText(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	whole := completed(t, h.URL, `"prompt":"the","max_tokens":40,"temperature":1,"seed":5,"logprobs":0`)
	if again := completed(t, h.URL, `"prompt":"the","max_tokens":40,"temperature":1,"seed":5`); again.Text != whole.Text {
		t.Errorf("the same seed gives %q and %q", whole.Text, again.Text)
	}
	if other := completed(t, h.URL, `"prompt":"the","max_tokens":40,"temperature":1,"seed":6`); other.Text == whole.Text {
		t.Errorf("another seed gives %q too", other.Text)
	}
	at := 10
	for whole.Text[at] >= 0x80 || whole.Text[at+1] >= 0x80 { // two characters that are not halves
		at++
	}
	stop := whole.Text[at : at+2]
	quoted, _ := json.Marshal(stop)
	want := whole.Text[:strings.Index(whole.Text, stop)]
	for _, echo := range []string{"false", "true"} {
		body := fmt.Sprintf(`"prompt":"the","max_tokens":40,"temperature":1,"seed":5,"stop":[%s],"echo":%s`, quoted, echo)
		c := completed(t, h.URL, body+`,"logprobs":0`)
		if echo == "true" {
			want = "the" + want
		}
		if c.Text != want || *c.FinishReason != "stop" || strings.Join(c.Logprobs.Tokens, "") == "" {
			t.Errorf("echo %s: %q, want %q", echo, c.Text, want)
		}
		_, _, events := post(t, h.URL+"/v1/completions", `{"model":"small-model","stream":true,`+body+`}`)
		var text string
		for line := range strings.Lines(events) {
			var got completionResponse
			if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: {"); ok && json.Unmarshal([]byte("{"+data), &got) == nil {
				text += got.Choices[0].Text
			}
		}
		if text != want || !strings.HasSuffix(events, "data: [DONE]\n\n") {
			t.Errorf("echo %s: streamed %q, want %q", echo, text, want)
		}
	}
	for body, param := range map[string]string{
		`"prompt":"x","temperature":3`: "temperature", `"prompt":"x","top_p":0`: "top_p", `"prompt":"x","logprobs":1025`: "logprobs", `"prompt":[]`: "prompt", `"prompt":""`: "prompt",
		`"prompt":[99999]`: "prompt", `"prompt":[["a"]]`: "prompt[0]", `"prompt":"x","max_tokens":-1`: "max_tokens", `"prompt":"x","best_of":2`: "best_of", `"prompt":"x","max_tokens":99999`: "prompt",
	} {
		status, _, got := post(t, h.URL+"/v1/completions", `{"model":"small-model",`+body+`}`)
		if p, _ := failure(t, got); status != http.StatusBadRequest || p != param {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
}
