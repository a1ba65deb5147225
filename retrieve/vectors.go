package retrieve

import (
	"fmt"
	"strconv"

	"slm/checkpoint"
)

// Vectors are what an encoder has made of the sections of a corpus, in memory: 4 bytes a value.
type Vectors struct {
	Name     string // of the encoder
	Dim      int
	sections int       // of the corpus
	owner    []int32   // section of each vector, rising
	values   []float32 // the vectors, one after the other
}

// vectorRow is a line of a vectors' file: a section, or a part of one, and its vector.
type vectorRow struct {
	Section int32     `arrow:"section"`
	Vector  []float32 `arrow:"vector"`
}

// NewVectors begins the vectors of a corpus with so many sections.
func NewVectors(name string, dim, sections int) *Vectors {
	return &Vectors{Name: name, Dim: dim, sections: sections}
}

// Append adds vectors: of sections in their order, several of one behind each other.
func (v *Vectors) Append(owner []int, vectors [][]float32) error {
	if err := unit(vectors, len(owner), v.Dim); err != nil {
		return fmt.Errorf("retrieve: vectors of %s: %w", v.Name, err)
	}
	for i, o := range owner {
		if o < 0 || o >= v.sections || len(v.owner) > 0 && int32(o) < v.owner[len(v.owner)-1] {
			return fmt.Errorf("retrieve: vectors of %s: section %d of %d is out of order", v.Name, o, v.sections)
		}
		v.owner = append(v.owner, int32(o))
		v.values = append(v.values, vectors[i]...)
	}
	return nil
}

// Scores are the inner products of a vector with those of the sections, of several of one section the largest; -1 of a section without one.
func (v *Vectors) Scores(q []float32) []float64 {
	scores := make([]float64, v.sections)
	for i := range scores {
		scores[i] = -1
	}
	for i, o := range v.owner {
		scores[o] = max(scores[o], float64(dot(q, v.values[i*v.Dim:][:v.Dim])))
	}
	return scores
}

// dot is the inner product of vectors of equal length, in four sums.
func dot(a, b []float32) float32 {
	var s [4]float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s[0] += float32(x[0] * y[0])
		s[1] += float32(x[1] * y[1])
		s[2] += float32(x[2] * y[2])
		s[3] += float32(x[3] * y[3])
	}
	for ; i < len(a); i++ {
		s[0] += float32(a[i] * b[i])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// Write writes the vectors to an Arrow file with a row a vector; name, dimension and number of sections are its metadata.
func (v *Vectors) Write(path string) error {
	meta := map[string]string{"encoder": v.Name, "dim": strconv.Itoa(v.Dim), "sections": strconv.Itoa(v.sections)}
	w, err := checkpoint.NewTableWriter[vectorRow](path, meta)
	if err != nil {
		return err
	}
	for i, o := range v.owner {
		if err := w.Append(vectorRow{o, v.values[i*v.Dim:][:v.Dim]}); err != nil {
			return err
		}
	}
	return w.Close()
}

// ReadVectors reads what Write has written, for a corpus of so many sections. checkpoint.ErrCorrupt: it is no such file, or of another corpus.
func ReadVectors(path string, sections int) (*Vectors, error) {
	rows, meta, err := checkpoint.ReadTable[vectorRow](path)
	if err != nil {
		return nil, err
	}
	dim, err := strconv.Atoi(meta["dim"])
	if err != nil || dim < 1 || meta["encoder"] == "" || meta["sections"] != strconv.Itoa(sections) {
		return nil, fmt.Errorf("retrieve: %s: %w: made by %q, with %q values for each of %q sections; the corpus has %d", path, checkpoint.ErrCorrupt, meta["encoder"], meta["dim"], meta["sections"], sections)
	}
	v := NewVectors(meta["encoder"], dim, sections)
	for i, r := range rows {
		if err := v.Append([]int{int(r.Section)}, [][]float32{r.Vector}); err != nil {
			return nil, fmt.Errorf("%w: %s: row %d: %w", checkpoint.ErrCorrupt, path, i, err)
		}
	}
	return v, nil
}
