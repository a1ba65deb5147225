package stages

import (
	"context"

	"slm/model"
	"slm/stages/domain"
)

// Calibration is what costs are estimated from: a domain and an untrained model of the recipe's shape in memory, and what was measured.
type Calibration struct {
	Settings
	Env    *Env           // kernel, clock and seed; it has no run
	Domain *domain.Domain // the data that the stages will read
	Made   float64        // seconds that making the domain took; 0 = it was there
	Model  *model.Params
	Rates  *Rates
	// Time measures a turn of f in seconds, on a machine that is free. It calls f several times. Once measures one call.
	Time func(ctx context.Context, f func() error) (float64, error)
	Once func(f func() error) (float64, error)
	// Note adds a line to the estimate.
	Note func(format string, args ...any)
}
