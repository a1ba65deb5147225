package exam

import (
	"strings"

	"slm/data/rouge"
)

// NearCopy is the ROUGE-L above which two questions are taken for the same one in other words.
const NearCopy = 0.7

// Guard tells questions that the exam holds out, and near copies of them: nothing is to be trained on either.
type Guard struct {
	ids   map[string]string // by the question in one form, the item
	near  *rouge.Index
	items []string // by number in near
}

// NewGuard guards the questions of the development and test items.
func NewGuard(items []Item) *Guard {
	g := &Guard{ids: map[string]string{}, near: rouge.NewIndex()}
	for _, item := range items {
		if item.Split != Train {
			g.ids[Fold(item.Question)] = item.ID
			g.near.Add(item.Question)
			g.items = append(g.items, item.ID)
		}
	}
	return g
}

// Fold is a question in the form in which it is compared: lower case, and one space where there is white space.
func Fold(question string) string {
	return strings.ToLower(strings.Join(strings.Fields(question), " "))
}

// Holds finds the held-out item that asks a question, be it with other white space or in other case.
func (g *Guard) Holds(question string) (item string, ok bool) {
	item, ok = g.ids[Fold(question)]
	return item, ok
}

// Near finds the held-out item that a question resembles most: one that Holds finds, or one whose question has a ROUGE-L above NearCopy with it.
func (g *Guard) Near(question string) (item string, ok bool) {
	if item, ok = g.Holds(question); ok {
		return item, true
	}
	n, _, ok := g.near.Above(question, NearCopy)
	if !ok {
		return "", false
	}
	return g.items[n], true
}
