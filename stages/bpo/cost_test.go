package bpo

import "testing"

// BenchmarkBesideTheModels is a search of the size of recipes/legal.yaml whose models cost nothing: what is left is the optimiser, the race,
// the table and the bootstrap.
func BenchmarkBesideTheModels(b *testing.B) {
	cfg := Default()
	cfg.Controls, cfg.Final.Share = []string{none, random}, 0.34
	for b.Loop() {
		s := newDuo(241, hill).search(b, cfg, "")
		out, err := s.run(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		rows, err := s.table(out)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(rows)), "rows")
	}
}
