package experts

import (
	"regexp"
	"strings"
)

// cut is a question in two halves.
type cut struct{ left, right string }

// Where a question can be cut: behind a sentence, and at what joins two things.
var (
	sentence = regexp.MustCompile(`[?!.]\s+|[？！。]\s*`)
	joint    = regexp.MustCompile(`(?i),?\s+(?:and|or|but|while|whereas|than|versus|vs\.?|und|oder|aber|als|während|et|ou|mais|que|그리고|또는|및)\s+|[;；]|[，,]?(?:以及|还是|和|与|及|或)`)
)

// cutsOf are all ways to cut a question, those between sentences first. Each half of a question ends as it does.
func cutsOf(question string) (out []cut) {
	question = strings.TrimSpace(question)
	add := func(left, right, end string) {
		if left, right = strings.TrimSpace(left), strings.TrimSpace(right); left != "" && right != "" {
			out = append(out, cut{left + end, right})
		}
	}
	for _, at := range sentence.FindAllStringIndex(question, -1) {
		add(question[:at[1]], question[at[1]:], "")
	}
	end := question[len(strings.TrimRight(question, "?？")):]
	for _, at := range joint.FindAllStringIndex(question, -1) {
		add(question[:at[0]], question[at[1]:], end)
	}
	return out
}

// clearly is by how much each half's run must be ahead of the other's, in bids: without it, two of 324 development questions of one corpus went to two runs.
const clearly = 0.1

// apart reports whether two halves are about two corpora.
func apart(left, right Routed) bool {
	a, b := left.Expert, right.Expert
	return a != None && b != None && a != b && left.Match[a]-left.Match[b] > clearly && right.Match[b]-right.Match[a] > clearly
}

// part is what a half's run is asked: the half, or the whole question where the half names a document and no more. In "What do the GDPR and the MIT license
// say of liability?" the first does.
func (r *Router) part(half Routed, question string) Part {
	p := half.Parts[0]
	if r.Scouts[p.Expert].names(p.Text) {
		p.Text = question
	}
	return p
}
