package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"slm/checkpoint"
	"slm/report"
)

// Report writes report.html if it is not of the checkpoints that stand, and returns its path. What it shows is hashed before.
func Report(folder string) (string, error) {
	path := filepath.Join(folder, reportName)
	of, err := digestOf(Look(folder).Done)
	if err != nil {
		return "", fmt.Errorf("pipeline: report: %w", err)
	}
	if page, err := os.ReadFile(path); err == nil {
		if was, whole := readPage(page); whole && was == of {
			return path, nil
		}
	}
	for _, stage := range order {
		if err := checkpoint.Verify(filepath.Join(folder, stage)); err != nil && !errors.Is(err, checkpoint.ErrMissing) {
			return "", err
		}
	}
	run, err := report.Load(folder)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := report.Render(&page, run); err != nil {
		return "", err
	}
	return path, checkpoint.WriteFileAtomic(path, signPage(page.Bytes(), of))
}

// A page ends in what it was made of and its own checksum, where a browser does not show them. The first form had the checksum alone.
const (
	pageMark  = "\n<!-- of "
	pageMark1 = "\n<!-- sha256 "
)

// signPage gives a page its end. of is the digest of the checkpoints' digests.
func signPage(page []byte, of string) []byte {
	page = append(bytes.Clone(page), pageMark+of...)
	return append(page, ", sha256 "+hashOf(page)+" -->\n"...)
}

// readPage says what a page was made of, and whether it is as it was written.
func readPage(page []byte) (of string, whole bool) {
	if at := bytes.LastIndex(page, []byte(pageMark)); at >= 0 {
		of, _, _ = strings.Cut(string(page[at+len(pageMark):]), ",")
		return of, bytes.Equal(signPage(page[:at], of), page)
	}
	at := bytes.LastIndex(page, []byte(pageMark1))
	return "", at >= 0 && string(page[at:]) == pageMark1+hashOf(page[:at])+" -->\n"
}
