package stagetest

import (
	"fmt"

	"slm/data/exam"
)

// Items are n questions about the sections of a document, with the place and the text of each. Question i asks for section i and has its right
// option, the beginning of the text, at i modulo 4.
func Items(n int, split string) []exam.Item {
	out := make([]exam.Item, n)
	for i := range out {
		id := fmt.Sprintf("doc#%03d", i)
		out[i] = exam.Item{
			ID: id, Section: id, Question: fmt.Sprintf("What does section %d say?", i), Answer: i % 4, Split: split,
			Place: fmt.Sprintf("doc\nSection %d:", i), Knowledge: Text(i),
		}
		for c := range 4 {
			out[i].Choices = append(out[i].Choices, Text(i + (c-i%4)*1000)[:60])
		}
	}
	return out
}

// Number is that of the section that a question of Items asks for.
func Number(question string) (i int, err error) {
	_, err = fmt.Sscanf(question, "What does section %d say?", &i)
	return i, err
}
