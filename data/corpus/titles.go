package corpus

import (
	"strings"

	"slm/data/corpus/cut"
	"slm/data/corpus/doc"
	"slm/data/corpus/minhash"
	"slm/data/corpus/read"
)

// titles knows how often the pages of folders have the same title, as hashes.
type titles map[uint64]int

// titlesOf reads the pages of a corpus's folders once for their titles alone; nil when it has no folder.
func titlesOf(opt Options) (titles, error) {
	list, err := read.List(opt.Paths)
	if err != nil {
		return nil, err
	}
	t := titles{}
	for d, err := range list.Pages(read.Options{Field: opt.Field, Block: opt.block}) {
		if err != nil {
			return nil, err
		}
		for _, d := range cut.Split(d) {
			if d.Page {
				t[minhash.Hash(withProduct(d))]++
			}
		}
	}
	return t, nil
}

// entitle makes product and folder part of a page's title: the product where there are several, the folder where another page has the same title.
func (t titles) entitle(d *doc.Document) {
	if !d.Page {
		return
	}
	d.Own = d.Title
	d.Title = withProduct(*d)
	if t[minhash.Hash(d.Title)] > 1 && d.Folder != "" && !holds(d.Title, d.Folder) {
		own := *d
		own.Title = d.Folder + ", " + d.Own
		d.Title = withProduct(own)
	}
}

// withProduct is a page's title with that of its product in front, unless it names it itself.
func withProduct(d doc.Document) string {
	if d.Product == "" || holds(d.Title, d.Product) {
		return d.Title
	}
	return d.Product + ", " + d.Title
}

func holds(title, name string) bool {
	return strings.Contains(strings.ToLower(title), strings.ToLower(name))
}
