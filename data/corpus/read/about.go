package read

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// About is what a file's place below a folder says of it.
type About struct {
	Product string // the product that it is about, when the folder holds several; in the folder's words
	Folder  string // the folder in which it lies, in words; empty when its name says nothing
}

// bland are names of folders that say nothing about what lies in them.
var bland = []string{
	"doc", "docs", "documentation", "src", "source", "content", "contents", "markdown", "md", "html", "rst", "text", "pages", "site", "website", "en", "de", "zh", "fr",
	"es", "ja", "ko", "pt", "ru", "it", "current", "latest", "stable", "main", "master", "public", "assets", "static", "templates", "partials", "layouts", "overrides",
}

func isBland(name string) bool {
	return slices.Contains(bland, strings.ToLower(strings.Trim(name, "_.- ")))
}

// about says of the files below a root what they are about. A folder that holds nothing but folders, two or more, holds products.
// several = the root is one of several folders, and so a product itself.
func about(root string, files []File, several bool) {
	deep := productDepth(files)
	for i, f := range files {
		dirs := strings.Split(path.Dir(f.Label), "/")
		if dirs[0] == "." {
			dirs = nil
		}
		a := &files[i].About
		if deep >= 0 && len(dirs) > deep {
			a.Product = dirs[deep]
		} else if several {
			a.Product = rootName(root)
		}
		if n := len(dirs); n > 0 && n > deep+1 && !isBland(dirs[n-1]) {
			a.Folder = inWords(dirs[n-1])
		}
	}
}

// productDepth is at which depth of the labels, from 0, products stand; -1 when there are none.
func productDepth(files []File) int {
	for deep := 0; ; deep++ {
		names := map[string]bool{}
		for _, f := range files {
			parts := strings.Split(f.Label, "/")
			if len(parts) == deep+1 {
				return -1 // a file among the folders
			}
			names[parts[deep]] = true
		}
		switch {
		case len(names) > 1:
			return deep
		case len(names) == 0:
			return -1
		}
	}
}

// rootName is the name of the folder that a recipe names, or of the one above that says something.
func rootName(root string) string {
	for dir := filepath.Clean(root); ; dir = filepath.Dir(dir) {
		name := printable(filepath.Base(dir))
		if !isBland(name) || dir == filepath.Dir(dir) {
			return name
		}
	}
}

// inWords is a file's or folder's name as a title has it: user_guide is "User guide", goUsage "Go Usage".
func inWords(name string) string {
	var b strings.Builder
	before := rune(0)
	for _, r := range strings.Trim(name, "_-. ") {
		switch {
		case r == '_' || r == '-' || r == '.' && before == ' ':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	words := clean.Fold(clean.Text(strings.ToValidUTF8(b.String(), "")))
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return words
	}
	return string(unicode.ToUpper(first)) + words[size:]
}

// standing are names of the files that stand for their folder.
var standing = []string{"readme", "index", "_index", "overview"}

// page makes a page of a document that was read of a file below a folder.
func (f File) page(d doc.Document) doc.Document {
	if d.Record {
		return d
	}
	d.Page, d.Product, d.Folder = true, f.About.Product, f.About.Folder
	inner, _ := unpacked(filepath.Base(f.Name))
	if stem := strings.TrimSuffix(inner, filepath.Ext(inner)); !d.Entitled && d.Title == stemTitle(f.Name) {
		d.Title = inWords(stem)
		if folder := d.Folder; slices.Contains(standing, strings.ToLower(stem)) && (folder != "" || d.Product != "") {
			if d.Title = folder; folder == "" {
				d.Title = d.Product
			}
		}
	}
	return d
}
