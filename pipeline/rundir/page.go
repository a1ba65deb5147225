package rundir

import (
	"bytes"
	"strings"

	"slm/checkpoint"
)

// A page ends in what it was made of and its own checksum, where a browser does not show them. The first form had the checksum alone.
const (
	pageMark  = "\n<!-- of "
	pageMark1 = "\n<!-- sha256 "
)

// SignPage gives a page its end. of is the digest of the checkpoints' digests.
func SignPage(page []byte, of string) []byte {
	page = append(bytes.Clone(page), pageMark+of...)
	return append(page, ", sha256 "+checkpoint.HashBytes(page)+" -->\n"...)
}

// ReadPage says what a page was made of, and whether it is as it was written.
func ReadPage(page []byte) (of string, whole bool) {
	if at := bytes.LastIndex(page, []byte(pageMark)); at >= 0 {
		of, _, _ = strings.Cut(string(page[at+len(pageMark):]), ",")
		return of, bytes.Equal(SignPage(page[:at], of), page)
	}
	at := bytes.LastIndex(page, []byte(pageMark1))
	return "", at >= 0 && string(page[at:]) == pageMark1+checkpoint.HashBytes(page[:at])+" -->\n"
}
