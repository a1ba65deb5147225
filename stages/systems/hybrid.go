package systems

import "slm/stages/search"

// dense3, hybrid1 and hybrid3 give what stage find's retrievers find: by vectors, and by all signals together.
var (
	dense3  = found("dense3", "vectors top-3", "the three best passages by vectors", search.Dense, 3)
	hybrid1 = found("hybrid1", "hybrid top-1", "the best passage by keywords and vectors", search.Hybrid, 1)
	hybrid3 = found("hybrid3", "hybrid top-3", "the three best passages by keywords and vectors", search.Hybrid, 3)
)

// Searching names the system that gives the most of what a run's search finds.
func Searching(r *Resources) string {
	if r.Retrievers[search.Hybrid] != nil {
		return hybrid3.Name
	}
	return rag3.Name
}

// found is a system that is compared with as many passages by keywords.
func found(name, label, gets, retriever string, k int) Spec {
	over, than := "rag3", "the three best by keywords"
	if k == 1 {
		over, than = "rag1", "the best by keywords"
	}
	return finds(Spec{
		Name: name, Label: label, Gets: gets, Group: "hybrid", Optional: true,
		Against: []Contrast{{Over: over, Topic: Additional, Subject: "Retrieval", Does: gets, Than: than}},
	}, retriever, k)
}
