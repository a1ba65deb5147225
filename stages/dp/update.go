package dp

import (
	"fmt"
	"strconv"

	"slm/data/pack"
	"slm/rng"
	"slm/stages/domain"
)

// update is what a run reads that brings another up to date: the sections that differ, and some of the others again, so that they are not forgotten.
type update struct {
	changes *domain.Changes
	domain.Update
	seed  uint64
	fresh []bool // by section
}

// Update limits the passes of a mixture to what differs from the run before, and to some of the other sections, as how says. The data have to be
// those of an update.
func (m *Mixture) Update(how domain.Update) error {
	changes, err := m.dom.Changes()
	if err != nil {
		return err
	}
	if changes == nil {
		return fmt.Errorf("dp: the data do not say what differs from the run before (update.from)")
	}
	m.limit(changes, how)
	return nil
}

func (m *Mixture) limit(changes *domain.Changes, how domain.Update) {
	u := &update{changes: changes, Update: how, seed: m.seed, fresh: make([]bool, m.dom.Sections.Len())}
	for _, i := range changes.Fresh {
		u.fresh[i] = true
	}
	m.update = u
}

// pass says which sections a pass reads.
func (u *update) pass(number int) func(section int) bool {
	if u == nil {
		return func(int) bool { return true }
	}
	again := map[int]bool{}
	for _, i := range u.changes.Replayed(u.Replay, number, u.order) {
		again[i] = true
	}
	return func(i int) bool { return u.fresh[i] || again[i] }
}

// order is the order in which a round reads the kept sections.
func (u *update) order(round int) []int {
	return rng.New(u.seed, "dp", "replay").At(uint64(round)).Perm(len(u.changes.Kept))
}

// forget adds to a pass each withdrawn section, each time in a document form drawn for it: its name, and the end.
func (u *update) forget(e *epoch, number int) {
	if u == nil {
		return
	}
	for i, s := range u.changes.Withdrawn {
		draw := rng.New(u.seed, "dp", "withdrawn", s.ID).At(uint64(number))
		for range u.Forget {
			e.examples = append(e.examples, example{section: int32(i), kind: withdrawn, n: int32(e.form(draw))})
		}
	}
}

// nothing is the name of a withdrawn section and the end mark, which alone is trained.
func (e epoch) nothing(x example) pack.Example {
	s := e.update.changes.Withdrawn[x.section]
	prompt := e.dom.Tokenizer.Encode(e.dom.Forms.DocumentOf(s, int(x.n)))
	return pack.Example{ID: s.ID + "/withdrawn", Prompt: len(prompt), Tokens: append(prompt, e.dom.EOS)}
}

// outlook says how much of the corpus a pass reads, and whether that pays.
func (u *update) outlook(dom *domain.Domain) string {
	read, all := 0, 0
	reads := u.pass(0)
	for i, s := range dom.Sections.All() {
		all += len(s.Text)
		if reads(i) {
			read += len(s.Text)
		}
	}
	share := float64(read) / float64(max(1, all))
	text := fmt.Sprintf("an update: %d sections are new, %d changed, %d withdrawn; a pass reads %.0f %% of the corpus", u.changes.New, u.changes.Changed(), len(u.changes.Withdrawn), 100*share)
	if share > domain.UpdatePays {
		text += "; train anew instead (update.anew)"
	}
	return text
}

// facts count what differs and what a pass reads again.
func (u *update) facts(facts map[string]string) {
	if u == nil {
		return
	}
	c := u.changes
	for name, n := range map[string]int{"new": c.New, "changed": c.Changed(), "withdrawn": len(c.Withdrawn), "replayed": len(c.Replayed(u.Replay, 0, u.order))} {
		facts["update_"+name] = strconv.Itoa(n)
	}
}
