package launch

import (
	"fmt"
	"strings"
)

// mostTasks is how many jobs an array has at most: SLURM's default for MaxArraySize is 1001.
const mostTasks = 1000

// slurm submits an array of jobs for each level of stages, behind the arrays of the level before, and the table behind them all. A job whose
// parents are not there, since theirs was cancelled, makes them itself; so afterany is enough, and no job waits for ever for one that has failed.
var slurm = Launcher{
	Name: "slurm", Means: "a job for each stage, in arrays that depend on one another (sbatch)", File: "slurm.sh", Needs: "sbatch",
	Options: []Option{
		{Name: "partition", Means: "partition of the jobs"},
		{Name: "account", Means: "account that they are charged to"},
		{Name: "qos", Means: "quality of service"},
		{Name: "time", Means: "longest time of a stage, as sbatch has it", Default: "24:00:00"},
		{Name: "cpus", Means: "cores of a stage", Default: "4"},
		{Name: "mem", Means: "memory of a stage, as sbatch has it"},
	},
	Submit: func(file string) []string { return []string{"sh", file} },
	Emit: func(w *Work) ([]byte, error) {
		var flags strings.Builder
		for _, f := range []struct{ flag, option string }{{"partition", "partition"}, {"account", "account"}, {"qos", "qos"}, {"time", "time"}, {"cpus-per-task", "cpus"}, {"mem", "mem"}} {
			if v := w.Set[f.option]; v != "" {
				fmt.Fprintf(&flags, " --%s=%s", f.flag, quote(v))
			}
		}
		var b strings.Builder
		fmt.Fprintf(&b, `#!/bin/sh
# Submits the stages of the experiment %s to SLURM: one job each, a level behind the other, and its table. Submitted again, it makes what is left.
set -eu

# submit LEVEL FIRST COUNT: an array of jobs for the stages FIRST, FIRST+1, … of work.json, behind all jobs in $before
submit() {
	sbatch --parsable --requeue --open-mode=append ${before:+--dependency="afterany$before"} --array="0-$(($3 - 1))%%%d" \
		--job-name=%s --output=%s%s \
		--wrap="exec %s --index \$(($2 + SLURM_ARRAY_TASK_ID))"
}
before=
`, w.Name, w.Jobs, quote(w.Name), quote(w.Folder+"/slurm-%A_%a.log"), flags.String(), inQuotes(w.worker()))
		first := 0
		for level, n := range append(w.Levels, 1) {
			b.WriteString("after=\n")
			for at := 0; at < n; at += mostTasks {
				fmt.Fprintf(&b, "after=\"$after:$(submit %d %d %d)\"\n", level, first+at, min(mostTasks, n-at))
			}
			b.WriteString("before=$after\n")
			first += n
		}
		fmt.Fprintf(&b, "echo \"submitted %d stages and the table$before\"\n", w.Stages())
		return []byte(b.String()), nil
	},
}

// inQuotes makes text that stands between double quotes in a script mean itself.
func inQuotes(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text)
}
