package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slm/data/form"
	"slm/llm"
	"slm/pipeline/session"
	"slm/stages/gate"
	"slm/stages/systems"
	"strings"
	"unicode/utf8"
)

// chatResponse is OpenAI's, with where the answer comes from.
type chatResponse struct {
	ID      string       `json:"id"`
	Object  string       `json:"object"`
	Created int64        `json:"created"`
	Model   string       `json:"model"`
	Choices []chatChoice `json:"choices"`
	Usage   *usage       `json:"usage"`
	SLM     *origin      `json:"slm"`
}

type chatChoice struct {
	Index        int         `json:"index"`
	Message      chatMessage `json:"message"`
	Logprobs     any         `json:"logprobs"`
	FinishReason string      `json:"finish_reason"`
}

type chatMessage struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

type usage struct {
	PromptTokens     int64 `json:"prompt_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
	TotalTokens      int64 `json:"total_tokens"`
}

func newUsage(prompt, completion int64) *usage {
	return &usage{prompt, completion, prompt + completion}
}

func (u *usage) json() json.RawMessage {
	raw, _ := json.Marshal(u) // three numbers
	return raw
}

// origin says where an answer comes from, how sure that is, and what it has taken.
type origin struct {
	System     string         `json:"system"`
	Expert     string         `json:"expert,omitempty"` // the run that answers, where several are served as one
	Place      string         `json:"place"`            // where the knowledge stands; empty = the answer has none
	Source     string         `json:"source"`           // file and line of that place
	InCorpus   bool           `json:"in_corpus"`
	Confidence *float64       `json:"confidence"` // that the right section is among what was given; null where nobody can tell
	Way        string         `json:"way,omitempty"`
	Route      string         `json:"route,omitempty"` // the system that routing by price has chosen
	Origin     systems.Origin `json:"origin,omitempty"`
	Named      string         `json:"named,omitempty"` // the place that the small model named
	Given      []string       `json:"given,omitempty"` // all places whose texts the LLM was given
	Knowledge  string         `json:"knowledge"`
	Choice     *int           `json:"choice,omitempty"`
	Scores     []float64      `json:"scores,omitempty"`
	LLM        string         `json:"llm"`                // that wrote the reply; empty = none did
	Degraded   string         `json:"degraded,omitempty"` // why the LLM did not answer; the reply is the knowledge
	Calls      int64          `json:"calls"`              // of the LLM, as if nothing had been stored
	USD        float64        `json:"usd"`
	Also       *origin        `json:"also,omitempty"` // that of the second run's text, where the question is about the texts of two
}

// originOf is what an answer says of where it comes from.
func originOf(a *session.Answer, p *llm.Price) *origin {
	var sure *float64
	switch {
	case a.Sure != nil:
		sure = a.Sure
	case a.Hit != nil:
		sure = a.Hit
	case a.Place == a.Named || a.Place == "":
		sure = a.Confidence // of the small model in the place that it named
	}
	o := &origin{
		System: a.System, Expert: a.Expert, Place: form.InLine(a.Place), Source: a.Source, InCorpus: a.InCorpus, Confidence: sure, Way: string(a.Way), Route: a.Route, Origin: a.Origin,
		Named: form.InLine(a.Named), Knowledge: a.Knowledge, Choice: a.Choice, Scores: a.Scores, LLM: a.LLM, Calls: a.Used.Calls,
	}
	for _, g := range a.Given {
		o.Given = append(o.Given, form.InLine(g))
	}
	if p != nil {
		o.USD = (float64(float64(a.Used.PromptTokens)*p.Input) + float64(float64(a.Used.OutputTokens)*p.Output)) / 1e6
	}
	if a.Also != nil {
		o.Also = originOf(a.Also, p)
	}
	return o
}

// nothing is the reply where the corpus has nothing about a question.
const nothing = "Nothing in the documents is about this."

// chatReply is an answer as a chat has it.
type chatReply struct {
	text, finish string
	usage        *usage
	from         *origin
}

// answer asks the run. seen is given what the LLM is about to be given; it may be nil.
func (s *Server) answer(ctx context.Context, run Run, r *chatRequest, question string, seen func(*origin)) (*chatReply, error) {
	q := session.Question{Text: question, System: r.Model, Choices: r.options.Choices, Silent: r.options.Knowledge, Route: r.options.Route}
	if seen != nil {
		q.Seen = func(a *session.Answer) { seen(originOf(a, run.Price())) }
	}
	if n := cmp.Or(r.MaxTokens, r.MaxCompletionTokens); n != nil {
		q.MaxTokens = *n
	}
	a, err := s.ask(ctx, run, q)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err) // what was broken off, as a search, may say that in words of its own
	}
	if a == nil {
		return nil, cmp.Or(err, errors.New("serve: neither answer nor error"))
	}
	from := originOf(a, run.Price())
	of := func(a *session.Answer) string { return a.Reply }
	if r.options.Knowledge {
		of = func(a *session.Answer) string { return a.Knowledge }
	}
	reply := &chatReply{from: from, text: textOf(a, of), finish: "stop"}
	switch {
	case err != nil:
		last, at := a, from
		if a.Also != nil { // the first has a reply
			last, at = a.Also, from.Also
		}
		if at.Degraded = degraded(err); at.Degraded == "" || last.Knowledge == "" || !last.InCorpus || !falls(last.System) || ctx.Err() != nil {
			return nil, err
		}
		s.metrics.degraded.Inc()
		from.Degraded, reply.text = at.Degraded, textOf(a, func(a *session.Answer) string { return cmp.Or(a.Reply, a.Knowledge) })
	case r.options.Knowledge, a.Way == gate.None:
	case a.NoAnswer != nil && a.NoAnswer.Reason == llm.Refused:
		reply.finish = "content_filter"
	case a.NoAnswer != nil && a.NoAnswer.Reason == llm.Unfinished:
		reply.finish = "length"
	case a.NoAnswer != nil:
		return nil, newFault(http.StatusBadGateway, serverError, "no_answer", "the language model gave no answer: %s", a.NoAnswer.Reason)
	case a.Cut != "" && a.Cut != systems.Looped:
		reply.finish = "length"
	}
	if end := firstOf([]byte(reply.text), r.Stop); end >= 0 {
		reply.text, reply.finish = reply.text[:end], "stop"
	}
	if r.options.Footnotes {
		reply.text += footnotes(from)
	}
	reply.text = strings.ToValidUTF8(reply.text, string(utf8.RuneError))
	used := a.Used
	if a.Also != nil {
		used.PromptTokens, used.OutputTokens = used.PromptTokens+a.Also.Used.PromptTokens, used.OutputTokens+a.Also.Used.OutputTokens
	}
	reply.usage = newUsage(used.PromptTokens, used.OutputTokens)
	return reply, nil
}

// textOf is the text of an answer, or the texts of two runs, one behind the other: of each what is asked of it, and of those that have nothing one
// sentence, where all have nothing.
func textOf(a *session.Answer, of func(*session.Answer) string) string {
	var texts []string
	empty := true
	for ; a != nil; a = a.Also {
		empty = empty && a.Way == gate.None
		if text := of(a); text != "" {
			texts = append(texts, text)
		}
	}
	if empty && len(texts) == 0 {
		return nothing
	}
	return strings.Join(texts, "\n\n")
}

// ask asks a system, or the black box itself.
func (s *Server) ask(ctx context.Context, run Run, q session.Question) (*session.Answer, error) {
	switch {
	case q.System != BlackBox:
		return run.Ask(ctx, q)
	case q.Route != "":
		return nil, wrong("slm.route", "the black box itself is not routed; ask the system "+systems.Auto)
	case len(q.Choices) > 0:
		return nil, wrong("slm.choices", "the black box itself is put no choices; ask the system "+systems.Alone)
	case q.Silent:
		return nil, wrong("slm.knowledge", "the black box itself is given none")
	}
	reply, err := run.Tell(ctx, q.Text, cmp.Or(q.MaxTokens, systems.DefaultReplyTokens))
	if err != nil {
		return nil, err
	}
	a := &session.Answer{System: BlackBox, Reply: reply.Text, NoAnswer: reply.None, LLM: BlackBox}
	a.Used = llm.Usage{Calls: int64(reply.Calls), PromptTokens: int64(reply.PromptTokens), OutputTokens: int64(reply.OutputTokens)}
	if reply.Cut && reply.None == nil {
		a.Cut = "it reached its limit"
	}
	return a, nil
}

// falls reports whether a system answers with what stands in the corpus where the LLM does not: those that choose what they can stand for.
func falls(system string) bool { return system == systems.Auto || system == systems.Checked }

// noText is what is told where the black box can only choose among options.
const noText = "the language model of this run chooses among options and writes no text"

// degraded says in words why the LLM did not answer, if that is not the request's fault; "" = it is, or is unknown.
func degraded(err error) string {
	switch {
	case errors.Is(err, llm.ErrNoText):
		return noText
	case errors.Is(err, llm.ErrRequest):
		return ""
	case errors.Is(err, llm.ErrBudget), errors.Is(err, errDay):
		return "the budget of the language model is used up"
	case errors.Is(err, llm.ErrOffline):
		return "the server is offline, and the language model's reply is not stored"
	case errors.Is(err, llm.ErrUnavailable), errors.Is(err, llm.ErrAuth), errors.Is(err, llm.ErrQuota):
		return "the language model gives no answer"
	}
	return ""
}

// footnotes are the sources in Markdown, behind a reply.
func footnotes(from *origin) string {
	var marks, notes strings.Builder
	i := 0
	for ; from != nil; from = from.Also {
		for _, place := range from.Given {
			i++
			fmt.Fprintf(&marks, "[^%d]", i)
			fmt.Fprintf(&notes, "\n[^%d]: %s", i, place)
			if place == from.Place && from.Source != "" {
				notes.WriteString(", " + from.Source)
			}
		}
	}
	if marks.Len() == 0 {
		return ""
	}
	return " " + marks.String() + "\n" + notes.String()
}
