// Package llm is the black box: a large model that is seen only through text. A Client answers two questions, "complete this prompt" and
// "how likely are these continuations", from weights in this process (provider local) or from any server that speaks OpenAI's
// protocol (provider openai).
//
// Around either stand, from the outside in: a cache by content, whose entries are on disk before they are used; a budget in calls,
// tokens and dollars, checked before each call from the worst case and after it from what was reported; retries with seeded jitter; a
// pace that keeps to a server's limits; and typed errors. So a reply that was paid for is never lost and never paid for twice.
//
// It is not a chat library: no streaming, no tools, no sampling. The same request always has the same answer.
//
//	box, err := llm.New(llm.Default(), llm.Options{Journal: "runs/legal/replies.wal", Seed: 7})
//	defer box.Close()
//	picked, err := llm.Answer(ctx, box, llm.Cloze, questions)
package llm
