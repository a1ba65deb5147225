package systems

import (
	"context"
	"strings"
	"testing"

	"slm/llm"
	"slm/stages/delivery"
)

func TestLoop_IsCutBehindItsFirstTurn(t *testing.T) {
	for text, want := range map[string]string{
		"a non-exclusive, royalty-free, royalty-free, royalty-free, royalty-free, roy":                      "a non-exclusive, royalty-free",
		"It is the law. It is the law. It is the law. It is the l":                                          "It is the law",
		"The licence lets you copy and change the work. The licence lets you copy and change the work. The": "The licence lets you copy and change the work",
		"no no no no":          "no",
		"本法规定本法规定本法规定":         "本法规定",
		"Yes, yes, YES — yes!": "Yes",
	} {
		end, loops := loop(text)
		if !loops || text[:end] != want {
			t.Errorf("%q: %q, %v; want %q", text, text[:end], loops, want)
		}
	}
	for _, text := range []string{
		"", "No, no, no.", "A copy of a copy of a work.", "It may be used, it may be sold, and it may be changed.", "1 1 2 3 5 8",
		"You must keep the notice. You must keep the notice in the source too.",
		"The MIT license does not grant a patent grant, but it does allow for the creation of a derivative work under the terms of the MIT license.",
	} {
		if end, loops := loop(text); loops {
			t.Errorf("%q is cut to %q", text, text[:end])
		}
	}
}

// talker replies the same to every request.
type talker struct {
	reply llm.Reply
	asked []llm.Request
}

func (t *talker) Info() llm.Info { return llm.Info{Model: "talker"} }
func (t *talker) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	t.asked = append(t.asked, reqs...)
	out := make([]llm.Reply, len(reqs))
	for i := range out {
		out[i] = t.reply
	}
	return out, nil
}

func TestTell_AReplyThatDoesNotEndIsCutAndMarked(t *testing.T) {
	for _, c := range []struct {
		reply     llm.Reply
		most      int
		text, cut string
	}{
		{llm.Reply{Text: " It does. ", OutputTokens: 3}, 0, "It does.", ""},
		{llm.Reply{Text: "free, free, free, free, fr", OutputTokens: 9}, 0, "free …", "repeating itself"},
		{llm.Reply{Text: "free, free, free, free, fr", OutputTokens: 160}, 0, "free …", "repeating itself"},
		{llm.Reply{Text: "It does, and", OutputTokens: DefaultReplyTokens, Cut: true}, 0, "It does, and …", "160 tokens"},
		{llm.Reply{Text: "It does, and", OutputTokens: 7, Cut: true}, 7, "It does, and …", "7 tokens"},
	} {
		box := &talker{reply: c.reply}
		r := &Resources{Box: box, ReplyTokens: c.most}
		answers := []Answer{{Knowledge: "Known."}}
		if err := r.reply(context.Background(), []Question{{Text: "Does it?"}}, answers, delivery.Delivery{}); err != nil {
			t.Fatal(err)
		}
		if a := answers[0]; a.Text != c.text || !strings.Contains(a.Cut, c.cut) || (c.cut == "") != (a.Cut == "") || a.Picked != -1 {
			t.Errorf("%+v becomes %+v", c.reply, a)
		}
		if q := box.asked[0]; !q.Chat || q.MaxTokens != max(c.most, map[bool]int{true: DefaultReplyTokens}[c.most == 0]) || !strings.HasPrefix(q.Prompt, "Known.\n\n") {
			t.Errorf("asked %+v", q)
		}
	}
}
