package sweep

import (
	"math"
	"testing"

	"slm/checkpoint"
	"slm/rng"
)

// recorded are the curves of a sweep in which nothing was stopped (testdata/curves.arrow): 49 trainings of tiny with 64k tokens over rate, width, optimiser and mixture, made by
//
//	slm sweep tiny --over 'stages.dp.optim.lr=log(3e-4,5e-2)' --over 'model.width={32,64,96}' --over 'stages.dp.optim.name={adamw,muon}' --over 'stages.dp.mix.places=linear(0,0.5)' --trials 48 --tokens 64k --risk 0
func recorded(t *testing.T) []Trial {
	t.Helper()
	trials, _, err := checkpoint.ReadTable[Trial]("testdata/curves.arrow")
	if err != nil || len(trials) < 20 {
		t.Fatal(len(trials), err)
	}
	for _, trial := range trials {
		if trial.State != Finished || len(trial.Rungs) != len(rungs) {
			t.Fatalf("trial %d is %s, on %d rungs", trial.Trial, trial.State, len(trial.Rungs))
		}
	}
	return trials
}

// replay lets the pruner watch trials in an order. It returns whether the best was stopped, the share of the training that was spared, and the chances that were taken.
func replay(s *search, trials []Trial) (missed bool, spared, chances float64) {
	best := s.best(trials)
	var seen []Trial
	for i, trial := range trials {
		trial.Rungs = nil
		for r, loss := range trials[i].Rungs {
			all := []float64{loss}
			for _, before := range seen {
				if len(before.Rungs) > r {
					all = append(all, before.Rungs[r])
				}
			}
			trial.Rungs = append(trial.Rungs, loss)
			if chance, stop := s.pruner.stops(loss, all, s.ended(seen, r)); stop {
				trial.State = Stopped
				missed = missed || i == best
				spared += (1 - rungs[r]) / float64(len(trials))
				chances += chance
				break
			}
		}
		seen = append(seen, trial)
	}
	return missed, spared, chances
}

func TestPruner_StopsTheBestOfRecordedCurvesNoMoreOftenThanItSays(t *testing.T) {
	trials := recorded(t)
	const times = 400
	for _, risk := range []float64{.01, .05, .2} {
		s := &search{pruner: Pruner{Eta: 3, Risk: risk}}
		var missed, spared, said float64
		for r := range times {
			order := rng.New(uint64(r), "order").Perm(len(trials))
			mixed := make([]Trial, len(trials))
			for i, at := range order {
				mixed[i] = trials[at]
			}
			lost, share, chances := replay(s, mixed)
			if lost {
				missed += 1. / times
			}
			spared, said = spared+share/times, said+math.Min(1, chances)/times
		}
		lost, share, _ := replay(s, trials)
		t.Logf("risk %.0f %%: the best stopped in %.1f %% of %d orders (the pruner reckons %.1f %%), %.0f %% of the training spared; in the recorded order: stopped %v, %.0f %% spared",
			100*risk, 100*missed, times, 100*said, 100*spared, lost, 100*share)
		if missed > risk+3*math.Sqrt(risk*(1-risk)/times) {
			t.Errorf("risk %.2f: the best was stopped in %.1f %% of the orders", risk, 100*missed)
		}
		if risk == .05 && spared < .2 {
			t.Errorf("only %.0f %% of the training are spared", 100*spared)
		}
	}
}

func TestPruner_NothingIsStoppedBeforeEnoughHaveEndedOrWithoutRisk(t *testing.T) {
	ended := []pair{{5, 4}, {5.1, 4.1}, {5.2, 4.2}, {5.3, 4.31}}
	all := []float64{5, 5.1, 5.2, 5.3, 9}
	if _, stop := usualPruner.stops(9, all, ended); !stop {
		t.Error("a hopeless trial goes on")
	}
	if _, stop := usualPruner.stops(9, all, ended[:3]); stop {
		t.Error("three trials tell enough")
	}
	if _, stop := (Pruner{Eta: 3}).stops(9, all, ended); stop {
		t.Error("without risk a trial is stopped")
	}
	if _, stop := usualPruner.stops(9, []float64{9, 10, 11}, ended); stop {
		t.Error("the best on the rung is stopped")
	}
	if chance, stop := usualPruner.stops(5, all, ended); stop || chance < .2 || chance > .8 {
		t.Errorf("one that equals the best: %v, %v", chance, stop)
	}
}

func TestPruner_ForecastOfAnotherFigureIsThatOfALine(t *testing.T) {
	ended := []pair{{1, -.9}, {2, -.7}, {3, -.5}, {4, -.3}, {5, -.1}}
	mean, sd, df, ok := Pruner{Other: true}.forecast(ended, 6)
	if !ok || math.Abs(mean-.1) > 1e-12 || sd > 1e-9 || df != 3 {
		t.Errorf("%v ± %v with %v degrees of freedom, %v", mean, sd, df, ok)
	}
	if _, _, _, ok := (Pruner{Other: true}).forecast([]pair{{1, 1}, {1, 2}, {1, 3}, {1, 4}}, 1); ok {
		t.Error("one value on the rung tells of a line")
	}
}
