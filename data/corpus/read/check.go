package read

import (
	"errors"
	"fmt"
	"os"
)

const (
	checkedWhole = 64 << 20 // bytes of files that Check reads from end to end, in the order of their names
	checkedHead  = 1 << 20  // bytes that it reads of each further file
	checkedErrs  = 20       // files with mistakes that it tells
)

// Check opens all files that match the globs and reads of each what it can in a moment: as long as 64 MB are not used up the whole, then the
// first megabyte. It returns what reading would refuse, of several files at once.
func Check(patterns []string, opt Options) error {
	list, err := List(patterns)
	if err != nil {
		return err
	}
	var errs []error
	left := int64(checkedWhole)
	for _, f := range list.Files {
		if len(errs) == checkedErrs {
			errs = append(errs, fmt.Errorf("corpus: %w: more files were not looked at", ErrUnreadable))
			break
		}
		info, err := os.Stat(f.Name)
		if err != nil {
			errs = append(errs, fmt.Errorf("corpus: %w: %w", ErrUnreadable, err))
			continue
		}
		opt.Head = checkedHead
		if left -= info.Size(); left >= 0 {
			opt.Head = 0
		}
		for _, err := range f.documents(opt) {
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
