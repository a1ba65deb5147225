package llm

import (
	"context"
	"strings"
)

type hearing struct{}

// Hear gives a context in which heard is told the text of a reply while it is written, from its beginning each time. Providers that write piece by piece
// tell it; of a stored reply, and of one that another caller has asked for, nothing is told. After a failed attempt the text may begin anew. heard is called
// from one goroutine at a time, before the call that asks returns. nil = nothing is told.
func Hear(ctx context.Context, heard func(text string)) context.Context {
	return context.WithValue(ctx, hearing{}, heard)
}

// HearAs gives a context in which the listener is told what change makes of the text. Where nobody listens it is ctx.
func HearAs(ctx context.Context, change func(text string) string) context.Context {
	heard := listener(ctx)
	if heard == nil {
		return ctx
	}
	return Hear(ctx, func(text string) { heard(change(text)) })
}

// Listener is who is told; nil = nobody. It is for what writes a text without a provider.
func Listener(ctx context.Context) func(text string) { return listener(ctx) }

// listener is who is told; nil = nobody.
func listener(ctx context.Context) func(string) {
	heard, _ := ctx.Value(hearing{}).(func(string))
	return heard
}

// settled is the part of visible(text) that what is still to come does not change: it ends before a beginning of a mark and before a character that is not
// whole. Only an end of thoughts without a beginning takes it back.
func settled(text string) string {
	text = strings.TrimRight(text, "\uFFFD")
	lower := strings.ToLower(text)
	if len(lower) == len(text) { // else a letter of another script has changed its length, and no mark has one
		for i := max(0, len(lower)-longestMark); i < len(lower); i++ {
			if beginsMark(lower[i:]) {
				text = text[:i]
				break
			}
		}
	}
	text, _ = visible(text)
	return text
}

// beginsMark reports whether a mark begins so.
func beginsMark(text string) bool {
	for _, list := range [][]string{openings, closings} {
		for _, m := range list {
			if len(text) < len(m) && strings.HasPrefix(m, text) {
				return true
			}
		}
	}
	return false
}
