package main

import (
	"fmt"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
)

func main() {
	forms, _ := form.Default(form.LicenseForms)
	for _, near := range []float64{0.8, 0.95} {
		secs, rep, err := corpus.Collect(corpus.Options{From: corpus.Licenses, Exact: true, Near: near, Numbered: true})
		if err != nil {
			panic(err)
		}
		for _, n := range []float64{.4, .5, .6, .7, .8, .9} {
			items, err := exam.Build(secs, forms, exam.Options{Choices: 4, Dev: .3, Test: .2, Chars: 120, Seed: 7, Near: n})
			fmt.Println(near, rep.Documents, len(secs), n, len(items), err)
		}
	}
}
