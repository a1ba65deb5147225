package session

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"slm/stages"
	"slm/stages/route"
	"slm/stages/systems"
)

// ErrRoute says that a question cannot be routed as is wanted: a kind of systems.ErrUnavailable.
var ErrRoute = fmt.Errorf("%w: it cannot be routed so", systems.ErrUnavailable)

// openRouter reads the router of the run's evaluation, where it has one.
func (s *Session) openRouter() error {
	if _, err := s.hash(stages.Eval); err != nil {
		return err
	}
	router, err := route.Read(filepath.Join(s.Folder, stages.Eval))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.router = router
	return nil
}

// routed is by what a system shares questions out: a target of the question, the session, or the recipe; nil = by none. ErrRoute: the run cannot.
func (s *Session) routed(system, target string) (*systems.Routed, error) {
	wanted := cmp.Or(target, s.Route)
	if system != systems.Auto {
		if target != "" {
			return nil, fmt.Errorf("%w: %s answers every question by itself; %s is what is routed", ErrRoute, system, systems.Auto)
		}
		return nil, nil
	}
	if wanted == "" && s.router != nil {
		wanted = s.Recipe.Eval.Route.Target
	}
	if wanted == "" {
		return nil, nil
	}
	t, err := route.Parse(wanted)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRoute, err)
	case s.router == nil:
		return nil, fmt.Errorf("%w: the run's evaluation has fitted no router (eval.route.target)", ErrRoute)
	case t.Unit == route.USD && s.router.Unit != route.USD:
		return nil, fmt.Errorf("%w: the run's router counts calls, since its recipe names no price (eval.route.price)", ErrRoute)
	}
	return &systems.Routed{Router: s.router, Worth: s.router.Policy(t, s.Recipe.Eval.Route.Sure).Worth}, nil
}
