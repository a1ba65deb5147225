package llm

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestNoAnswer_IsStoredAndAskedAgainOnlyWhereThatMayHelp asks through a journal, again in the same process, in another one, and offline.
func TestNoAnswer_IsStoredAndAskedAgainOnlyWhereThatMayHelp(t *testing.T) {
	for _, c := range []struct {
		name   string
		reply  said
		reason Reason
		again  int64 // calls of the next process
	}{
		{"refused", failure(400, `{"error":{"message":"filtered","code":"content_filter"}}`), Refused, 0},
		{"unfinished", choice(`"message":{"role":"assistant","content":"<think>A or"},"finish_reason":"length"`), Unfinished, 0},
		{"failed", choice(`"error":{"code":502,"message":"upstream"},"message":{"role":"assistant","content":""}`), Failed, 3},
		{"empty", choice(`"message":{"role":"assistant","content":""},"finish_reason":"stop"`), Empty, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				journal := filepath.Join(t.TempDir(), "replies.wal")
				h := habit{reply: always(c.reply)}
				first, s, _, err := askHabit(t, h, Options{Journal: journal})
				if err != nil {
					t.Fatal(err)
				}
				before := s.Usage().Calls
				if again, err := Answer(context.Background(), s, Letter, someQuestions(3)); err != nil || s.Usage().Calls != before || *again[1].None != *first[1].None || first[1].None.Reason != c.reason {
					t.Errorf("again in the same process: %+v, %d calls, %v", again[1], s.Usage().Calls-before, err)
				}
				exported := filepath.Join(t.TempDir(), "replies.arrow")
				if err := s.ExportArrow(exported); err != nil {
					t.Fatal(err)
				}
				cfg := s.cfg
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				next := openBox(t, cfg, Options{Journal: journal})
				used := next.Usage().Calls
				if used != before {
					t.Errorf("the next process knows of %d calls, and there were %d", used, before)
				}
				if got, err := Answer(context.Background(), next, Letter, someQuestions(3)); err != nil || next.Usage().Calls-used != c.again || got[1].None.Reason != c.reason {
					t.Errorf("the next process makes %d calls, want %d: %+v %v", next.Usage().Calls-used, c.again, got, err)
				}
				if err := next.Close(); err != nil {
					t.Fatal(err)
				}
				for name, opt := range map[string]Options{"of the journal": {Journal: journal, Offline: true}, "of the table": {Replay: []string{exported}, Offline: true}} {
					off := openBox(t, cfg, opt)
					got, err := Answer(context.Background(), off, Letter, someQuestions(3))
					if err != nil || got[0].Index != 1 || got[1].None == nil || *got[1].None != *first[1].None {
						t.Errorf("offline, out %s: %+v %v", name, got, err)
					}
				}
			})
		})
	}
}

func TestNoAnswer_OptionThatAFilterRefusesLeavesTheQuestionWithoutOne(t *testing.T) {
	qs := someQuestions(2)
	f := serve(t)
	f.fault = func(_ int, prompt string, w http.ResponseWriter) bool {
		if strings.Contains(prompt, "What is 1?") && strings.HasSuffix(prompt, " none") {
			w.WriteHeader(400)
			_, _ = w.Write([]byte(`{"error":{"message":"filtered","code":"content_filter"}}`))
			return true
		}
		return false
	}
	got, err := Answer(context.Background(), openBox(t, f.config(), Options{}), Cloze, qs)
	if err != nil || got[0].None != nil || got[1].None == nil || got[1].None.Reason != Refused || got[1].Index != -1 || got[1].Scores != nil || f.calls() != 8 {
		t.Errorf("%+v, %d calls, %v", got, f.calls(), err)
	}
}

func TestNoAnswer_LocalThinkingGetsRoomUpToTheContext(t *testing.T) {
	s, e := toyBox(t, 300)
	s.cfg.MaxTokens = 4096
	e.text = func(room int) string {
		if room < 40 {
			return "<think>Is it A or is it C, that is the question"
		}
		return "<think>Is it A? No.</think>B"
	}
	got, err := Answer(context.Background(), s, Letter, []Question{{Question: "q", Choices: []string{"a", "b"}}})
	if err != nil || got[0].Index != 1 || got[0].Text != "B" || got[0].None != nil {
		t.Fatalf("%+v %v", got, err)
	}
	if want := []int{16, 128}; len(e.rooms) != 2 || e.rooms[0] != want[0] || e.rooms[1] != want[1] { // 4096, 2048 … 256 do not fit beside the prompt
		t.Errorf("rooms %v, want %v", e.rooms, want)
	}
	s.cfg.MaxTokens = 0
	got, err = Answer(context.Background(), s, Letter, []Question{{Question: "another", Choices: []string{"a", "b"}}})
	if err != nil || got[0].None == nil || got[0].None.Reason != Unfinished || !strings.Contains(got[0].None.Said, "Is it") {
		t.Errorf("without room: %+v %v", got, err)
	}
}

func TestWrite_ThoughtsAreLeftOutAndUnfinishedOnesAreAskedForAgain(t *testing.T) {
	f := &fixed{replies: []Reply{{Text: "<think>hm</think>\nBecause.", Calls: 1}, {Text: "cut in the mid", Cut: true, Calls: 1}}}
	got, err := Write(context.Background(), f, []string{"why?", "how?"}, 20)
	if err != nil || got[0].Text != "Because." || got[1].Text != "cut in the mid" || got[1].None != nil || len(f.got) != 2 {
		t.Errorf("%+v %v", got, err)
	}
	f = &fixed{replies: []Reply{{Text: "<think>hm", Cut: true}}}
	if got, err = Write(context.Background(), f, []string{"why?"}, 20); err != nil || got[0].None == nil || got[0].None.Reason != Unfinished || got[0].Text != "" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestTally_MoreThanOneAndMoreThanFivePerCentIsAnErrorThatNamesTheFirst(t *testing.T) {
	for _, c := range []struct {
		of, none int
		fails    bool
	}{{4, 0, false}, {4, 1, false}, {4, 2, true}, {40, 2, false}, {40, 3, true}, {100, 5, false}, {100, 6, true}, {1, 1, false}} {
		tally := Tally{Of: c.of}
		tally.Add("item 0", nil)
		for i := range c.none {
			tally.Add("item 7", none([]Reason{Unfinished, Refused}[i%2], "so  it\nwent"))
		}
		err := tally.Err()
		if errors.Is(err, ErrNoAnswer) != c.fails || c.fails && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), `the first: item 7 is unfinished: "so it went"; a larger llm.max_tokens gives`)) {
			t.Errorf("%d of %d: %v", c.none, c.of, err)
		}
		if tally.Total() != c.none {
			t.Errorf("%d are counted of %d", tally.Total(), c.none)
		}
	}
}

func TestVisible_WhatModelsThinkIsLeftOut(t *testing.T) {
	for reply, want := range map[string]string{
		"B": "B", "<think>a</think>B": "B", "<think>\n\n</think>\n\nB": "B", "a</think>B": "B", "<think>a</think>B<think>c</think>D": "B D", "[THINK]a[/THINK]B": "B",
		"<Thinking>a</Thinking> B": "B", "x <think>a": "x", "<think>a": "", "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>B": "B", "": "",
	} {
		if got, thinking := visible(reply); got != want || thinking != strings.HasSuffix(reply, "<think>a") {
			t.Errorf("%q shows %q, thinking %v", reply, got, thinking)
		}
	}
}
