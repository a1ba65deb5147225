package serve

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestChat_WhatIsNotSupportedIsAnErrorThatNamesTheField(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	for _, c := range []struct{ body, param string }{
		{question("auto", "Why?", `"temperature":0.7`), "temperature"},
		{question("auto", "Why?", `"top_p":0.9`), "top_p"},
		{question("auto", "Why?", `"n":2`), "n"},
		{question("auto", "Why?", `"logprobs":true`), "logprobs"},
		{question("auto", "Why?", `"tools":[{"type":"function"}]`), "tools"},
		{question("auto", "Why?", `"response_format":{"type":"json_object"}`), "response_format"},
		{question("auto", "Why?", `"store":true`), "store"},
		{question("auto", "Why?", `"logit_bias":{"5":1}`), "logit_bias"},
		{question("auto", "Why?", `"temprature":0`), "temprature"},
		{question("auto", "Why?", `"max_tokens":0`), "max_tokens"},
		{question("auto", "Why?", `"max_tokens":1.5`), "max_tokens"},
		{question("auto", "Why?", `"max_tokens":5,"max_completion_tokens":5`), "max_tokens"},
		{question("auto", "Why?", `"stop":["a","b","c","d","e"]`), "stop"},
		{question("auto", "Why?", `"stop":""`), "stop"},
		{question("auto", "Why?", `"stop":7`), "stop"},
		{question("auto", "Why?", `"stream_options":{"include_usage":true}`), "stream_options"},
		{question("auto", "Why?", `"stream":true,"stream_options":{"usage":true}`), "stream_options.usage"},
		{question("auto", "Why?", `"slm":{"choices":["one"]}`), "slm.choices"},
		{question("auto", "Why?", `"slm":{"choice":["one","two"]}`), "slm.choice"},
		{question("auto", "Why?", `"slm":{"messages":"all"}`), "slm.messages"},
		{question("auto", "Why?", `"model":"auto"`), "model"},
		{question("auto", " "), "messages[0].content"},
		{question("nobody", "Why?"), "model"},
		{question("auto", "Why?", `"":1`), ""},
		{question("auto", "Why?", `"slm":{"route":"soon"}`), "slm.route"},
		{question(SmallModel, "Why?"), "model"},
		{question(BlackBox, "Why?", `"slm":{"choices":["a","b"]}`), "slm.choices"},
		{`{"messages":[]}`, "model"},
		{`{"model":"auto"}`, "messages"},
		{`{"model":"auto","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Why?"}]}`, "messages[0].role"},
		{`{"model":"auto","messages":[{"role":"user","content":"Why?"},{"role":"user","content":"How?"}]}`, "messages"},
		{`{"model":"auto","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}`, "messages[0].content[0].type"},
		{`{"model":"auto","messages":[{"role":"user","content":"Why?","tool_calls":[]}]}`, "messages[0].tool_calls"},
		{`[1]`, "body"}, {`{"model":`, "body"}, {`{} {}`, "body"}, {``, "body"},
	} {
		status, _, body := post(t, h.URL+"/v1/chat/completions", c.body)
		if param, _ := failure(t, body); param != c.param || status != http.StatusBadRequest && (status != http.StatusNotFound || param != "model") {
			t.Errorf("%s: status %d, %q; want %s", c.body, status, body, c.param)
		}
	}
}

func TestChat_FieldsThatAskForNothingAreTaken(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	for _, more := range []string{
		`"temperature":0`, `"temperature":0.0,"top_p":1.0,"n":1`, `"tools":[]`, `"tools":null`, `"seed":7,"user":"me"`, `"response_format":{"type":"text"}`, `"logprobs":false`,
		`"max_tokens":null`, `"stop":null`, `"stream":false,"stream_options":null`, `"max_completion_tokens":9`,
	} {
		if status, _, body := post(t, h.URL+"/v1/chat/completions", question("auto", "Why?", more)); status != http.StatusOK {
			t.Errorf("%s: %d %s", more, status, body)
		}
	}
	last := `{"model":"auto","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":[{"type":"text","text":"Wh"},{"type":"text","text":"y?"}]}],"slm":{"messages":"last"}}`
	if status, _, body := post(t, h.URL+"/v1/chat/completions", last); status != http.StatusOK {
		t.Errorf("the last message: %d %s", status, body)
	}
}

func FuzzParseChat_ErrorsAreFaults(f *testing.F) {
	for _, seed := range []string{
		question("auto", "Why?", `"stop":["x"],"stream":true,"stream_options":{"include_usage":true},"slm":{"choices":["a","b"],"footnotes":true}`),
		`{"model":"auto","messages":[{"role":"user","content":[{"type":"text","text":"Why?"}]}]}`, `{"a":1,"a":2}`, `{"":1}`, `{"messages":[[]]}`, `{`, `nul`, "{\"\xff\":1}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want *fault
		r, text, err := parseChat(body)
		if err != nil && (!errors.As(err, &want) || want.status != http.StatusBadRequest || want.Param == nil) {
			t.Fatalf("%q: %v", body, err)
		}
		if err == nil && (r.Model == "" || strings.TrimSpace(text) == "") {
			t.Fatalf("%q is taken without model or question", body)
		}
		if c, err := parseCompletion(body); err != nil && !errors.As(err, &want) {
			t.Fatalf("%q: %v", body, err)
		} else if err == nil {
			m, merr := small()
			if merr != nil {
				t.Fatal(merr)
			}
			if _, err := prompts(c.Prompt, m); err != nil && !errors.As(err, &want) {
				t.Fatalf("%q: %v", body, err)
			}
		}
	})
}
