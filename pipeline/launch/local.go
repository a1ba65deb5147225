package launch

import "fmt"

// local starts workers as processes of this machine.
var local = Launcher{
	Name: "local", Means: "as many processes of this machine as --jobs", File: "local.sh", Needs: "sh",
	Submit: func(file string) []string { return []string{"sh", file} },
	Emit: func(w *Work) ([]byte, error) {
		return fmt.Appendf(nil, `#!/bin/sh
# Works on the experiment %s with %d processes, and ends when nothing is left to do. Started again, it goes on.
workers=
trap 'kill $workers 2>/dev/null' INT TERM
for i in $(seq %d); do
	%s &
	workers="$workers $!"
done
failed=0
for worker in $workers; do
	wait "$worker" || failed=$?
done
exit $failed
`, w.Name, w.Jobs, w.Jobs, w.worker()), nil
	},
}
