package audit

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/recipe"
	"slm/stages"
)

// before follows an update to the run that it brings up to date, and so on: each is verified as a run of its own. That the update was made from
// what is there now, the digests of its inputs say.
func (v *verifier) before(r *recipe.Loaded) error {
	if r == nil {
		return nil
	}
	folder, ok := r.Update.Before()
	if !ok || slices.Contains(v.chained, folder) {
		return nil
	}
	name := filepath.Base(folder)
	if _, err := checkpoint.Load(filepath.Join(folder, stages.Data)); errors.Is(err, checkpoint.ErrMissing) {
		v.note("the run before, %s, is not here: the chain ends with its digests", name)
		return nil
	}
	old := newVerifier(folder)
	old.chained = append(slices.Clone(v.chained), v.folder)
	if err := old.all(); err != nil {
		return err
	}
	v.out.Before = append([]string{name}, old.out.Before...)
	for _, d := range old.out.Differences {
		if !slices.ContainsFunc(old.out.Before, func(further string) bool { return strings.HasPrefix(d.Stage, further) }) {
			d.Stage = strings.TrimSuffix(name+"/"+d.Stage, "/")
		}
		v.out.Differences = append(v.out.Differences, d)
	}
	for _, n := range old.out.Notes {
		v.note("%s: %s", name, n)
	}
	return nil
}
