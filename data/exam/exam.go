// Package exam makes multiple-choice questions from a corpus and splits its sections into train, dev and test.
//
// A section is examined only if nothing else in the corpus is a near copy of it, so that a question has one right answer; wrong
// options are never near copies of the right one or of each other, and stand in the same document where it has enough. Over the whole exam the
// words that question and options share, or their lengths, answer no more than chance. The split is by section: a section whose question stands in dev or
// test may be read in training, but is asked about nowhere in it (see the package pairs). It scores nothing: see stages and report.
package exam

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/rng"
)

// Names of the splits.
const (
	Train = "train"
	Dev   = "dev"
	Test  = "test"
)

// ErrTooSmall says that a corpus has too few different sections for an exam.
var ErrTooSmall = errors.New("too few sections")

// Asked is the exam of questions as people ask them, beside the recipe's first one, which has no name.
const Asked = "asked"

// RuledID is the id of a question of the second exam that rules have made from a section, instead of a person.
func RuledID(section string) string { return Asked + ":" + section }

// Ruled says whether rules have made all of some questions of the second exam.
func Ruled(items []Item) bool {
	return !slices.ContainsFunc(items, func(m Item) bool { return m.Section == "" || m.ID != RuledID(m.Section) })
}

// SelfMade says whether this program has made all of some questions from the corpus's own words, of either exam, and a person none of them.
func SelfMade(items []Item) bool {
	return Ruled(items) || !slices.ContainsFunc(items, func(m Item) bool { return m.ID != m.Section })
}

// Item is one question. It is scored by its choices, by the places where the answer stands (evidence), by the text of a free answer, or by several
// of these.
type Item struct {
	ID        string   `json:"id"`        // the section's, or the file's own
	Section   string   `json:"section"`   // corpus.Section.ID; empty for a question from a file that names none
	Question  string   `json:"question"`  // as asked, not as a prompt
	Choices   []string `json:"choices"`   // in the order shown; none = it is answered freely
	Answer    int      `json:"answer"`    // index of the right choice, from 0; -1 without choices
	Split     string   `json:"split"`     // Train, Dev or Test; what a question's file says, if anything, until Assign
	Place     string   `json:"place"`     // form.Set.PlaceOf the section; empty without one
	Knowledge string   `json:"knowledge"` // the section's true text; empty when the file does not give it

	Exam      string   `json:"exam,omitempty"`      // that it belongs to: "" = the first, or Asked
	Sections  []string `json:"sections,omitempty"`  // of all right places, where the file has named places
	Places    []string `json:"places,omitempty"`    // all right places, where the file has named them; Place is the first
	Answers   []string `json:"answers,omitempty"`   // accepted free answers, each as good as the others
	Contains  []string `json:"contains,omitempty"`  // texts of which a right free answer contains one
	Reference string   `json:"reference,omitempty"` // an answer in full, by somebody who knows
	Focus     string   `json:"focus,omitempty"`     // title of the document that is asked about
	Documents []string `json:"documents,omitempty"` // titles of the documents that the choices are from, in their order; none in a file's questions

	cited *cited // until Locate has found the places
}

// Right are the places where the answer stands: a system that gives the black box any of them has found the evidence. None are known of a
// question that names no section.
func (m Item) Right() []string {
	if len(m.Places) > 0 || m.Place == "" {
		return m.Places
	}
	return []string{m.Place}
}

// about are the sections that a question asks about.
func (m Item) about() []string {
	if len(m.Sections) > 0 || m.Section == "" {
		return m.Sections
	}
	return []string{m.Section}
}

// Gold are the texts of right answers: the right choice, and the free answers.
func (m Item) Gold() []string {
	if len(m.Choices) == 0 {
		return m.Answers
	}
	return append([]string{m.Choices[m.Answer]}, m.Answers...)
}

// Assign gives every item from a file its split; Build has done it already. A file that gives a split to each question, and test to some,
// is taken at its word. Any other is dealt out by a seeded order of the sections that the questions name, all questions about one section
// together; a question that names none is dealt out by its id. One about several sections goes where the most held-out of them is: to test, else
// to dev. So no section of a training question is one that test or dev ask about.
//
// before gives the splits of an exam that this one follows, by id of a section, or of a question that names none; "" = it had none. What had a split keeps it, so that
// nothing which a model was trained on before is held out now. nil = there was no exam before.
func Assign(items []Item, dev, test float64, seed uint64, before func(id string) string) error {
	if dev < 0 || test < 0 || dev+test > 1 {
		return fmt.Errorf("exam: dev %v and test %v are no shares of one whole", dev, test)
	}
	if SplitByFile(items) {
		return oneSplit(items)
	}
	var facts []string
	of := map[string]int{}
	for _, item := range items {
		for _, f := range factsOf(item) {
			if _, seen := of[f]; !seen {
				of[f] = len(facts)
				facts = append(facts, f)
			}
		}
	}
	splits, _ := deal(facts, Options{Choices: 2, Dev: dev, Test: test, Seed: seed, Before: before})
	for i, item := range items {
		items[i].Split = Train
		for _, f := range factsOf(item) {
			if split := splits[of[f]]; split == Test || split == Dev && items[i].Split == Train {
				items[i].Split = split
			}
		}
	}
	return nil
}

// SplitByFile says whether Assign takes a file at its word.
func SplitByFile(items []Item) bool {
	return !slices.ContainsFunc(items, func(m Item) bool { return m.Split == "" }) && len(Only(items, Test)) > 0
}

// factsOf is what a question is about: train shares none of it with another split.
func factsOf(item Item) []string {
	if about := item.about(); len(about) > 0 {
		return about
	}
	return []string{item.ID}
}

// fact is what a question is about first of all: no two splits may share it.
func fact(item Item) string { return factsOf(item)[0] }

// oneSplit checks that no section is asked about in two splits. Where a file says itself which sections its questions are about, two splits may ask
// different things about one.
func oneSplit(items []Item) error {
	first := map[string]Item{}
	for _, item := range items {
		if len(item.Places) > 0 {
			continue
		}
		before, seen := first[fact(item)]
		if seen && before.Split != item.Split {
			return fmt.Errorf("exam: %w: %q stands in %s and %q in %s, and both ask about %s", ErrFormat, before.ID, before.Split, item.ID, item.Split, fact(item))
		}
		first[fact(item)] = item
	}
	return nil
}

// deal deals out splits and the places of right answers by a seeded order of the ids: exact shares, each place right equally often in
// every run of Choices items of that order, and no dependence on the order of the corpus.
func deal(ids []string, opt Options) (splits []string, answers []int) {
	splits, answers = make([]string, len(ids)), make([]int, len(ids))
	open := len(ids) // whose split is not known
	for i, id := range ids {
		if opt.Before != nil {
			splits[i] = opt.Before(id)
		}
		if splits[i] != "" {
			open--
		}
	}
	test, dev := int(float64(opt.Test*float64(open))+0.5), int(float64(opt.Dev*float64(open))+0.5)
	dealt := 0
	for rank, i := range seededOrder(ids, opt.Seed) {
		places := rng.New(opt.Seed, "exam", "positions").At(uint64(rank / opt.Choices)).Perm(opt.Choices)
		answers[i] = places[rank%opt.Choices]
		if splits[i] != "" {
			continue
		}
		splits[i] = Train
		if dealt < test {
			splits[i] = Test
		} else if dealt < test+dev {
			splits[i] = Dev
		}
		dealt++
	}
	return splits, answers
}

// seededOrder returns the indices of the ids, sorted by a random key of each id.
func seededOrder(ids []string, seed uint64) []int {
	keys := make([]uint64, len(ids))
	order := make([]int, len(ids))
	for i, id := range ids {
		keys[i], order[i] = rng.New(seed, "exam", "split", id).Uint64(), i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(keys[a], keys[b]), strings.Compare(ids[a], ids[b]))
	})
	return order
}

// Only returns the items of a split, in order.
func Only(items []Item, split string) []Item {
	var out []Item
	for _, item := range items {
		if item.Split == split {
			out = append(out, item)
		}
	}
	return out
}

// Of returns the items of an exam, in order.
func Of(items []Item, exam string) []Item {
	var out []Item
	for _, item := range items {
		if item.Exam == exam {
			out = append(out, item)
		}
	}
	return out
}

// WithChoices returns the items that can be answered by choosing, in order.
func WithChoices(items []Item) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(m Item) bool { return len(m.Choices) == 0 })
}

// Held are the ids of the sections that no question may be trained on: those with an item in dev or test.
func Held(items []Item) map[string]bool {
	held := map[string]bool{}
	for _, item := range items {
		if item.Split == Train {
			continue
		}
		held[item.Section] = true
		for _, id := range item.Sections {
			held[id] = true
		}
	}
	return held
}

// Splits are the splits of what questions are about: of sections by id, and of a question that names none by its own.
func Splits(items []Item) map[string]string {
	out := map[string]string{}
	for _, item := range items {
		for _, f := range factsOf(item) {
			if was := out[f]; was == "" || item.Split == Test || item.Split == Dev && was == Train {
				out[f] = item.Split
			}
		}
	}
	return out
}

// Digest is the hex SHA-256 of the items, split and all.
func Digest(items []Item) string {
	h := sha256.New()
	enc := json.NewEncoder(h) // a hash never fails to be written to, and items always encode
	for _, item := range items {
		_ = enc.Encode(item)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// SplitDigest is the hex SHA-256 of which item is in which split, whatever the items say.
func SplitDigest(items []Item) string {
	lines := make([]string, len(items))
	for i, item := range items {
		lines[i] = item.Split + "\t" + item.ID + "\n"
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])
}
