package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func overlapConfig() Config {
	c := Default()
	c.Provider, c.Model = Overlap, OverlapModel
	return c
}

func openOverlap(t *testing.T) *Service {
	t.Helper()
	s, err := New(overlapConfig(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestOverlap_ChoosesWhatTheKnowledgeSaysAndIsAtChanceWithoutIt(t *testing.T) {
	s := openOverlap(t)
	texts := []string{
		"Redistributions must reproduce the above notice.", "You may add your own copyright statement.",
		"This License does not grant permission to use trade names.", "Each contributor grants you a perpetual patent license.",
	}
	var told, alone []Question
	for i := range 200 {
		q := Question{Question: fmt.Sprintf("What does section %d say?", i)}
		for k := range texts {
			q.Choices = append(q.Choices, texts[(i+k)%4])
		}
		alone = append(alone, q)
		q.Knowledge = "Section:\n" + strings.ToUpper(texts[0])
		told = append(told, q)
	}
	count := func(qs []Question) (right int) {
		got, err := Answer(context.Background(), s, Cloze, qs)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range got {
			if qs[i].Choices[c.Index] == texts[0] {
				right++
			}
		}
		return right
	}
	if n := count(told); n != 200 {
		t.Errorf("with the text as knowledge %d of 200 are right", n)
	}
	if n := count(alone); n < 25 || n > 80 {
		t.Errorf("without knowledge %d of 200 are right, which is not chance", n)
	}
}

func TestOverlap_WritesNothingAndSaysSo(t *testing.T) {
	_, err := openOverlap(t).Do(context.Background(), []Request{{Prompt: "Who?", MaxTokens: 4}})
	if !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), "no language model") {
		t.Error(err)
	}
}

func TestOverlap_TakesNoSettingThatItDoesNotRead(t *testing.T) {
	if err := overlapConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"model:":   func(c *Config) { c.Model = Default().Model },
		"answer:":  func(c *Config) { c.Answer = Letter },
		"url:":     func(c *Config) { c.URL = "https://host/v1" },
		"key_env:": func(c *Config) { c.KeyEnv = "KEY" },
	} {
		c := overlapConfig()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %v", want, err)
		}
	}
}
