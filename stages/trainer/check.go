package trainer

import (
	"errors"
	"fmt"

	"slm/optim"
	"slm/stages"
)

// Check finds what is wrong between a training stage's section, at path, and the model's. broken tells of sections that could not be read.
func Check(s stages.Settings, path string, o Optim, batch int, broken func(string) bool) error {
	if broken(path) {
		return nil
	}
	var errs []error
	if o.Schedule == optim.WSD && o.Decay == 0 {
		errs = append(errs, fmt.Errorf("%s.optim.decay: 0 leaves the rate no steps to fall over: give a share of them, or schedule: constant", path))
	}
	for _, key := range o.Unread() {
		errs = append(errs, fmt.Errorf("%s.optim.%s: the optimiser %s does not read it", path, key, o.Name))
	}
	if context := stages.Get[int](s, "model.context"); batch < context && !broken("model") {
		errs = append(errs, fmt.Errorf("%s.batch: %d tokens are less than one row of context %d", path, batch, context))
	}
	return errors.Join(errs...)
}
