package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// asking is a call as a fault server sees it.
type asking struct {
	question int // 0, 1 or 2
	nth      int // call for that question, from 0
	body     map[string]any
	header   http.Header
	query    url.Values
}

// room is how long a reply may be, under whichever name; 0 = the call does not say.
func (a asking) room() int {
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		if n, ok := a.body[name].(float64); ok {
			return int(n)
		}
	}
	return 0
}

// said is a server's response.
type said struct {
	status int
	body   string
	header map[string]string
}

// says200 is a response of status 200.
func says200(body string) said { return said{200, body, nil} }

// choice is a chat's reply around a choice.
func choice(fields string) said {
	return says200(`{"id":"x","object":"chat.completion","choices":[{"index":0,` + fields + `}],"usage":{"prompt_tokens":30,"completion_tokens":1}}`)
}

// letterB is a plain answer.
var letterB = choice(`"message":{"role":"assistant","content":"B"},"finish_reason":"stop"`)

// habit is what a real server does, with the right count of what comes of three questions whose answer is B.
type habit struct {
	server, habit string
	change        func(*Config)
	reply         func(a asking) said
	right         int
	none          map[Reason]int
	calls         int64
	retries       int64
	notes         int
	err           error  // when it ends the run
	shows         string // in that error
}

// once answers well but for the first call for question 1.
func once(s said) func(asking) said {
	return func(a asking) said {
		if a.question == 1 && a.nth == 0 {
			return s
		}
		return letterB
	}
}

// always answers well but for question 1.
func always(s said) func(asking) said {
	return func(a asking) said {
		if a.question == 1 {
			return s
		}
		return letterB
	}
}

// thinking gives one reply to whoever has little room and another one to the others.
func thinking(short, long said) func(asking) said {
	return func(a asking) said {
		if a.room() < 1000 {
			return short
		}
		return long
	}
}

func failure(status int, body string) said { return said{status, body, nil} }

var refusedOne = map[Reason]int{Refused: 1}

var habits = []habit{
	{server: "OpenAI", habit: "a letter", reply: always(letterB), right: 3, calls: 3},
	{server: "OpenAI o-series", habit: "takes max_completion_tokens and no temperature, and thinks in secret", reply: func(a asking) said {
		if _, old := a.body["max_tokens"]; old {
			return failure(400, `{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}`)
		}
		if _, set := a.body["temperature"]; set {
			return failure(400, `{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}`)
		}
		return thinking(choice(`"message":{"role":"assistant","content":"","refusal":null},"finish_reason":"length"`), letterB)(a)
	}, right: 3, calls: 2 + 3 + 3, retries: 2, notes: 1},
	{server: "OpenAI", habit: "refuses in a field of its own", reply: always(choice(`"message":{"role":"assistant","content":null,"refusal":"I'm sorry, I can't help with that."},"finish_reason":"stop"`)), right: 2, none: refusedOne, calls: 3},
	{server: "OpenAI", habit: "flags a prompt", reply: always(failure(400, `{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}`)), right: 2, none: refusedOne, calls: 3},
	{server: "OpenAI", habit: "is out of money", reply: always(failure(429, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`)), calls: 2, err: ErrQuota, shows: "current quota"},
	{server: "OpenAI", habit: "refuses in a part of a list", reply: always(choice(`"message":{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},"finish_reason":"stop"`)), right: 2, none: refusedOne, calls: 3},
	{server: "Azure", habit: "has a version in the query and a header for the key, and filters a prompt", change: func(c *Config) {
		c.Query, c.KeyHeader = map[string]string{"api-version": "2024-10-21"}, "api-key"
	}, reply: func(a asking) said {
		if a.query.Get("api-version") != "2024-10-21" || a.header.Get("api-key") != testKey || a.header.Get("Authorization") != "" {
			return failure(401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key."}}`)
		}
		return always(failure(400, `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true}}}}}`))(a)
	}, right: 2, none: refusedOne, calls: 3},
	{server: "Azure", habit: "filters a reply", reply: always(choice(`"message":{"role":"assistant","content":"The"},"finish_reason":"content_filter","content_filter_results":{}`)), right: 2, none: refusedOne, calls: 3},
	{server: "Azure", habit: "is busy", reply: once(said{429, `{"error":{"code":"429","message":"Requests have exceeded token rate limit. Please retry after 3 seconds."}}`, map[string]string{"Retry-After": "3"}}), right: 3, calls: 4, retries: 1},
	{server: "OpenRouter", habit: "says 200 and means 429", reply: once(says200(`{"error":{"code":429,"message":"Rate limit exceeded"}}`)), right: 3, calls: 4, retries: 1},
	{server: "OpenRouter", habit: "says 200 and means 402", reply: always(says200(`{"error":{"code":402,"message":"Insufficient credits"}}`)), calls: 2, err: ErrQuota, shows: "Insufficient credits"},
	{server: "OpenRouter", habit: "passes an error on in a choice, once", reply: once(choice(`"error":{"code":502,"message":"Provider returned error","metadata":{"raw":"upstream"}},"message":{"role":"assistant","content":""},"finish_reason":"error"`)), right: 3, calls: 4, retries: 1},
	{server: "OpenRouter", habit: "passes an error on in a choice, always", reply: always(choice(`"error":{"code":502,"message":"Provider returned error"},"message":{"role":"assistant","content":"The answer is A"},"finish_reason":"error"`)), right: 2, none: map[Reason]int{Failed: 1}, calls: 2 + 3, retries: 2},
	{server: "OpenRouter", habit: "moderates", reply: always(failure(403, `{"error":{"code":403,"message":"openai/gpt-4o requires moderation on OpenAI. Your input was flagged for \"violence\".","metadata":{"reasons":["violence"]}}}`)), right: 2, none: refusedOne, calls: 3},
	{server: "vLLM", habit: "keeps thoughts apart", reply: thinking(choice(`"message":{"role":"assistant","content":null,"reasoning_content":"Okay, the user asks which of A and C"},"finish_reason":"length"`), letterB), right: 3, calls: 6},
	{server: "vLLM", habit: "has a short context", reply: func(a asking) said {
		if a.room() > 600 {
			return failure(400, `{"object":"error","message":"This model's maximum context length is 1024 tokens. However, you requested 4150 tokens (54 in the messages, 4096 in the completion).","type":"BadRequestError","param":null,"code":400}`)
		}
		if a.room() < 100 {
			return choice(`"message":{"role":"assistant","content":"<think>Well, A"},"finish_reason":"length"`)
		}
		return choice(`"message":{"role":"assistant","content":"<think>Well, A? No.</think>B"},"finish_reason":"stop"`)
	}, right: 3, calls: 3 + 3 + 3},
	{server: "vLLM", habit: "aborts", reply: once(choice(`"message":{"role":"assistant","content":""},"finish_reason":"abort"`)), right: 3, calls: 4, retries: 1},
	{server: "vLLM", habit: "has nothing but thoughts", reply: always(choice(`"message":{"role":"assistant","content":null,"reasoning_content":"It is A."},"finish_reason":"stop"`)), right: 2, none: map[Reason]int{Empty: 1}, calls: 4, retries: 1},
	{server: "Ollama", habit: "calls thoughts reasoning", reply: thinking(choice(`"message":{"role":"assistant","content":"","reasoning":"We need to pick A or"},"finish_reason":"length"`), letterB), right: 3, calls: 6},
	{server: "Ollama", habit: "thinks aloud without end", reply: always(choice(`"message":{"role":"assistant","content":"<think>\nMaybe A. Maybe B. Maybe A."},"finish_reason":"length"`)), right: 2, none: map[Reason]int{Unfinished: 1}, calls: 4},
	{server: "LM Studio", habit: "says 200 and a text, once", reply: once(says200(`{"error":"Model is unloaded, please try again."}`)), right: 3, calls: 4, retries: 1},
	{server: "LM Studio", habit: "says 200 and a text, always", reply: always(says200(`{"error":"The model has crashed without additional information. (Exit code: 6)"}`)), calls: 1 + 3, retries: 2, err: ErrUnavailable, shows: "has crashed"},
	{server: "LM Studio", habit: "does not know the address", reply: always(says200(`{"error":"Unexpected endpoint or method. (POST /chat/completions)"}`)), calls: 2, err: ErrRequest, shows: "Unexpected endpoint"},
	{server: "llama-server", habit: "loads the model", reply: once(failure(503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`)), right: 3, calls: 4, retries: 1},
	{server: "llama-server", habit: "ends without a reason", reply: thinking(says200(`{"choices":[{"index":0,"message":{"role":"assistant","content":"Let us go through the options. Option A says"},"finish_reason":null}],"usage":{"prompt_tokens":30,"completion_tokens":16}}`), letterB), right: 3, calls: 6},
	{server: "LiteLLM", habit: "drops no parameter itself", reply: func(a asking) said {
		if _, set := a.body["temperature"]; set {
			return failure(400, `{"error":{"message":"litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o3-mini. To drop these, set litellm.drop_params=True","type":"None","param":"None","code":"400"}}`)
		}
		return letterB
	}, right: 3, calls: 4, retries: 1, notes: 1},
	{server: "LiteLLM", habit: "passes a filter on", reply: always(failure(400, `{"error":{"message":"litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - filtered","type":null,"param":null,"code":"400"}}`)), right: 2, none: refusedOne, calls: 3},
	{server: "Mistral", habit: "writes parts", reply: always(choice(`"message":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"Is it A? Is it C?"}]},{"type":"text","text":"B"}]},"finish_reason":"stop"`)), right: 3, calls: 3},
	{server: "Mistral", habit: "thinks up to the model's length", reply: thinking(choice(`"message":{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"Is it A"}]}]},"finish_reason":"model_length"`), letterB), right: 3, calls: 6},
	{server: "Mistral", habit: "limits in words of its own", reply: once(failure(429, `{"object":"error","message":"Requests rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}`)), right: 3, calls: 4, retries: 1},
	{server: "DeepSeek", habit: "thinks and answers", reply: always(choice(`"message":{"role":"assistant","content":"B","reasoning_content":"First A, then C."},"finish_reason":"stop"`)), right: 3, calls: 3},
	{server: "DeepSeek", habit: "is short of machines", reply: once(choice(`"message":{"role":"assistant","content":""},"finish_reason":"insufficient_system_resource"`)), right: 3, calls: 4, retries: 1},
	{server: "DeepSeek", habit: "sees a risk", reply: always(failure(400, `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`)), right: 2, none: refusedOne, calls: 3},
	{server: "Gemini", habit: "spends its room on thoughts", reply: thinking(choice(`"message":{"role":"assistant"},"finish_reason":"length"`), letterB), right: 3, calls: 6},
	{server: "Gemini", habit: "blocks", reply: always(choice(`"message":{"role":"assistant"},"finish_reason":"content_filter: PROHIBITED_CONTENT"`)), right: 2, none: refusedOne, calls: 3},
	{server: "Gemini", habit: "puts errors into a list", reply: once(failure(429, `[{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]`)), right: 3, calls: 4, retries: 1},
	{server: "Anthropic", habit: "is overloaded", reply: once(failure(529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)), right: 3, calls: 4, retries: 1},
	{server: "Anthropic", habit: "filters", reply: always(failure(400, `{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}`)), right: 2, none: refusedOne, calls: 3},
	{server: "Anthropic", habit: "says 200 and means overloaded", reply: once(says200(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)), right: 3, calls: 4, retries: 1},
	{server: "DashScope", habit: "inspects", reply: always(failure(400, `{"error":{"code":"data_inspection_failed","param":null,"message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}`)), right: 2, none: refusedOne, calls: 3},
	{server: "gateway", habit: "counts in texts", reply: always(says200(`{"choices":[{"message":{"content":"B"},"finish_reason":"stop"}],"usage":{"prompt_tokens":"30","completion_tokens":1.0}}`)), right: 3, calls: 3},
	{server: "gateway", habit: "counts in a list", reply: always(says200(`{"choices":[{"message":{"content":"B"},"finish_reason":"stop"}],"usage":[]}`)), right: 3, calls: 3},
	{server: "gateway", habit: "has an empty error in every reply", reply: always(says200(`{"error":[],"choices":[{"error":0,"message":{"content":"B"},"finish_reason":"stop"}],"usage":null}`)), right: 3, calls: 3},
	{server: "gateway", habit: "streams though not asked", reply: always(says200("data: {\"choices\":[{\"delta\":{\"content\":\"B\"}}]}\n\ndata: [DONE]\n\n")), calls: 2, err: ErrReply, shows: "server-sent events"},
	{server: "gateway", habit: "streams behind a comment", reply: always(says200(": OPENROUTER PROCESSING\n\ndata: {\"choices\":[]}\n\n")), calls: 2, err: ErrReply, shows: "server-sent events"},
	{server: "proxy", habit: "says 200 and a page", reply: always(says200("<!DOCTYPE html><html><title>Sign in</title></html>")), calls: 4, retries: 2, err: ErrReply, shows: "web page"},
	{server: "proxy", habit: "says 502 and a page, once", reply: once(failure(502, "<html><h1>502 Bad Gateway</h1></html>")), right: 3, calls: 4, retries: 1},
	{server: "proxy", habit: "compresses in secret", reply: always(says200("\x1f\x8b\x08\x00\x00\x00")), calls: 2, err: ErrReply, shows: "compressed"},
	{server: "gateway", habit: "writes parts with annotations and of unknown type", reply: always(choice(`"message":{"role":"assistant","content":[{"type":"x_trace","data":{"a":[1]}},{"type":"text","text":{"value":"B","annotations":[]}}]},"finish_reason":"stop"`)), right: 3, calls: 3},
	{server: "gateway", habit: "calls a tool", reply: always(choice(`"message":{"role":"assistant","content":"","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"`)), right: 2, none: map[Reason]int{Empty: 1}, calls: 4, retries: 1},
	{server: "gateway", habit: "says a code as a text and a type alone", reply: func(a asking) said {
		return []said{says200(`{"error":{"code":"429","message":null}}`), says200(`{"error":{"type":"overloaded_error"}}`), letterB}[min(a.nth, 2)]
	}, right: 3, calls: 9, retries: 6},
	{server: "Together", habit: "is empty while it starts", reply: once(choice(`"message":{"role":"assistant","content":""},"finish_reason":"stop"`)), right: 3, calls: 4, retries: 1},
	{server: "Together", habit: "stays empty", reply: always(choice(`"message":{"role":"assistant","content":null},"finish_reason":"eos"`)), right: 2, none: map[Reason]int{Empty: 1}, calls: 4, retries: 1},
}

// askHabit puts three questions by letter to a server with a habit, through a journal.
func askHabit(t *testing.T, h habit, opt Options) (picked []Choice, s *Service, notes int, err error) {
	t.Helper()
	var mu sync.Mutex
	asked := map[int]int{}
	f := serve(t)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := asking{header: r.Header, query: r.URL.Query()}
		if err := json.NewDecoder(r.Body).Decode(&a.body); err != nil {
			t.Error(err)
		}
		message := a.body["messages"].([]any)[0].(map[string]any)["content"].(string)
		if _, err := fmt.Sscanf(message[strings.LastIndex(message, "What is "):], "What is %d?", &a.question); err != nil {
			t.Error(err)
		}
		mu.Lock()
		a.nth = asked[a.question]
		asked[a.question]++
		mu.Unlock()
		s := h.reply(a)
		for name, value := range s.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(s.status)
		_, _ = w.Write([]byte(s.body))
	})
	cfg := f.config()
	cfg.Answer, cfg.Concurrency, cfg.Retries = Letter, 1, 2
	if h.change != nil {
		h.change(&cfg)
	}
	opt.Note = func(string) { notes++ }
	s = openBox(t, cfg, opt)
	picked, err = Answer(context.Background(), s, Letter, someQuestions(3))
	return picked, s, notes, err
}

func TestOpenAI_HabitsOfRealServersAreCountedRight(t *testing.T) {
	servers := map[string]bool{}
	for _, h := range habits {
		servers[h.server] = true
		t.Run(h.server+" "+h.habit, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				picked, s, notes, err := askHabit(t, h, Options{})
				if !errors.Is(err, h.err) || h.err != nil && !strings.Contains(err.Error(), h.shows) {
					t.Fatalf("%v, want %v with %q", err, h.err, h.shows)
				}
				right, none := 0, map[Reason]int{}
				for _, c := range picked {
					switch {
					case c.None != nil:
						none[c.None.Reason]++
						if c.Index != -1 {
							t.Errorf("no answer is option %d", c.Index)
						}
					case c.Index == 1:
						right++
					}
				}
				if u := s.Usage(); right != h.right || !maps.Equal(none, h.none) || u.Calls != h.calls || u.Retries != h.retries || notes != h.notes {
					t.Errorf("%d answers, none %v, %d calls, %d retries, %d notes; want %d, %v, %d, %d, %d", right, none, u.Calls, u.Retries, notes, h.right, h.none, h.calls, h.retries, h.notes)
				}
			})
		})
	}
	if len(habits) < 25 || len(servers) < 12 {
		t.Errorf("%d habits of %d servers: %v", len(habits), len(servers), slices.Sorted(maps.Keys(servers)))
	}
}
