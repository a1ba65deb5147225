package route

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
)

// File is the router in stage eval's checkpoint.
const File = "route.json"

// Version is the file's. The first did not say where a policy and the best system differ.
const Version = 2

// Write writes route.json.
func (r *Router) Write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("route: %w", err)
	}
	return checkpoint.WriteFileAtomic(path, append(text, '\n'))
}

// Read reads route.json of a checkpoint. fs.ErrNotExist: it has none; checkpoint.ErrCorrupt: it is none; checkpoint.ErrNewer: a newer program wrote it.
func Read(dir string) (*Router, error) {
	path := filepath.Join(dir, File)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	r := &Router{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("route: %s: %w: %w", path, checkpoint.ErrCorrupt, err)
	}
	switch {
	case r.Version > Version:
		return nil, fmt.Errorf("route: %s: %w: version %d", path, checkpoint.ErrNewer, r.Version)
	case r.Version < 1:
		return nil, fmt.Errorf("route: %s: %w: version %d", path, checkpoint.ErrCorrupt, r.Version)
	}
	if wrong := r.wrong(); wrong != "" {
		return nil, fmt.Errorf("route: %s: %w: %s", path, checkpoint.ErrCorrupt, wrong)
	}
	if r.Version == 1 { // the least that the qualities allow
		right := r.Routes[r.Best()].Right
		for i, p := range r.Policies {
			r.Policies[i].Won, r.Policies[i].Lost = math.Max(0, p.Quality-right), math.Max(0, right-p.Quality)
		}
	}
	return r, nil
}

// wrong says what is wrong with a router; "" = nothing.
func (r *Router) wrong() string {
	share := func(p float64) bool { return p >= 0 && p <= 1 }
	amount := func(v float64) bool { return v >= 0 && !math.IsInf(v, 0) }
	switch {
	case !slices.Equal(r.Signals, Signals):
		return fmt.Sprintf("the signals %q", r.Signals)
	case r.Unit != Calls && r.Unit != USD:
		return fmt.Sprintf("the unit %q", r.Unit)
	case len(r.Routes) == 0 || len(r.Policies) == 0:
		return "nothing to choose from"
	case !share(r.Floor):
		return fmt.Sprintf("a floor of %v", r.Floor)
	}
	for _, o := range r.Routes {
		if o.System == "" || len(o.Score.Score.Weights) != signals || !o.Score.True.Valid() || !share(o.Right) || !amount(o.Calls) || !amount(o.USD) {
			return fmt.Sprintf("the route %q", o.System)
		}
	}
	for _, p := range r.Policies {
		if !amount(p.Worth) || !share(p.Quality) || !amount(p.Calls) || !amount(p.USD) || !share(p.Won) || !share(p.Lost) {
			return fmt.Sprintf("the policy %+v", p)
		}
	}
	return ""
}
