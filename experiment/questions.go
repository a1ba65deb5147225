package experiment

import "slm/result"

// Questions are what the rows of an evaluation asked, each once, in their order.
func Questions(rows []result.Row) (list []Question) {
	seen := map[[2]string]bool{}
	for _, r := range rows {
		if at := [2]string{r.Exam, r.Item}; !seen[at] {
			seen[at] = true
			list = append(list, questionOf(r))
		}
	}
	return list
}
