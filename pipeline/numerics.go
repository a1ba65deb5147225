package pipeline

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
)

// Arithmetic is what stands for the numerics in the run's fingerprints: the class, or in a run of an older program the name of its kernel.
func (p *Plan) Arithmetic() kernel.Class { return cmp.Or(p.Class, kernel.Class(p.Kernel)) }

// Recorded is the class of a run's numerics and, where an older program made it, the name of its kernel instead. Both are empty where plan.json
// does not say.
func Recorded(folder string) (class kernel.Class, oldKernel string) {
	text, err := os.ReadFile(filepath.Join(folder, rundir.PlanFile))
	var p Plan
	if err != nil || json.Unmarshal(text, &p) != nil {
		return "", ""
	}
	return p.Class, p.Kernel
}

// ClassOf is the class in which a run is to be used: its own, or what comes nearest to the kernel of an older program.
func ClassOf(folder string) kernel.Class {
	class, old := Recorded(folder)
	return cmp.Or(class, kernel.ClassOfOldKernel(old))
}

// ClassFor is the class in which a recipe is trained: the one that it pins; else that of its run, if the run was begun; else that of the newest run
// of the same name beside it, whose finished stages it can take over; else kernel.Auto, the fastest of the machine.
func ClassFor(r *recipe.Loaded, dir string, now func() time.Time) (kernel.Class, error) {
	if r.Numerics != kernel.Auto {
		return r.Numerics, nil
	}
	job, err := Build(r, dir, "", nil, now)
	if err != nil {
		return "", err
	}
	if class, _ := Recorded(job.Folder()); class != "" {
		return class, nil
	}
	newest, at := kernel.Auto, time.Time{}
	for _, plan := range rundir.Glob(dir, "runs", "*", rundir.PlanFile) {
		folder := filepath.Dir(plan)
		info, err := os.Stat(plan)
		if err != nil || !strings.HasPrefix(filepath.Base(folder), r.Name+"-") || len(filepath.Base(folder)) != len(filepath.Base(job.Folder())) || info.ModTime().Before(at) {
			continue
		}
		if class, _ := Recorded(folder); class.Contract() {
			newest, at = class, info.ModTime()
		}
	}
	return newest, nil
}
