package gguf

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"

	"slm/model/weights"
)

// splitName is how llama.cpp names the parts of a model: NAME-00001-of-00003.gguf.
var splitName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// mostParts bounds how many files a name can make us open.
const mostParts = 999

// parts lists the files of the model of which path is the first, or path alone.
func parts(path string) ([]string, error) {
	m := splitName.FindStringSubmatch(path)
	if m == nil {
		return []string{path}, nil
	}
	total, err := strconv.Atoi(m[3])
	if err != nil || total < 1 || total > mostParts {
		return nil, fmt.Errorf("%w: %s: %s parts, not 1 to %d", weights.ErrFormat, path, m[3], mostParts)
	}
	if m[2] != "00001" {
		return nil, fmt.Errorf("%w: %s is not the first part; name %s-00001-of-%s.gguf", weights.ErrFormat, path, m[1], m[3])
	}
	all := make([]string, total)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%05d-of-%s.gguf", m[1], i+1, m[3])
	}
	return all, nil
}

// Open maps and checks a file, and with the first part of a split model (NAME-00001-of-00003.gguf) all the others. The errors name the file and
// the field; they wrap weights.ErrFormat or weights.ErrUnsupported, or are those of the file system.
func Open(path string) (*File, error) {
	names, err := parts(path)
	if err != nil {
		return nil, err
	}
	first, err := openOne(path)
	if err != nil {
		return nil, err
	}
	if err := first.join(names); err != nil {
		return nil, errorsFirst(err, first.Close())
	}
	return first, nil
}

func openOne(path string) (*File, error) {
	data, unmap, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: open: %w", err)
	}
	f, err := parse(path, data)
	if err != nil {
		return nil, errorsFirst(err, unmap())
	}
	f.unmap = []func() error{unmap}
	return f, nil
}

// join takes over the tensors of a model's other parts.
func (f *File) join(names []string) error {
	count, split, err := lookup[uint64](f, "split.count")
	switch {
	case err != nil:
		return err
	case !split && len(names) == 1:
		return nil
	case count != uint64(len(names)) && count > 1:
		return fmt.Errorf("%w: %s: it is a part of %d, and its name says %d", weights.ErrFormat, f.name, count, len(names))
	}
	for i, name := range names {
		part := f
		if i > 0 {
			if part, err = openOne(name); err != nil {
				return err
			}
			f.unmap = append(f.unmap, part.unmap...)
		}
		if err := f.add(part, i, len(names)); err != nil {
			return err
		}
	}
	want, given, err := lookup[int64](f, "split.tensors.count")
	if err == nil && given && want != int64(len(f.tensors)) {
		err = fmt.Errorf("%w: %s: the %d parts hold %d tensors, not %d", weights.ErrFormat, f.name, len(names), len(f.tensors), want)
	}
	return err
}

// add takes over the tensors of part i of n.
func (f *File) add(part *File, i, n int) error {
	for key, want := range map[string]uint64{"split.no": uint64(i), "split.count": uint64(n)} {
		if got, ok, err := lookup[uint64](part, key); err != nil {
			return err
		} else if ok && got != want || !ok && n > 1 {
			return fmt.Errorf("%w: %s: metadata %s is %d, not %d", weights.ErrFormat, part.name, key, got, want)
		}
	}
	if part == f {
		return nil
	}
	for name, t := range part.tensors {
		if _, twice := f.tensors[name]; twice {
			return fmt.Errorf("%w: %s: tensor %s stands in an earlier part, too", weights.ErrFormat, part.name, weights.Clip(name))
		}
		f.tensors[name] = t
	}
	return nil
}

// Close releases the mapping. Values that were read are copies and stay valid.
func (f *File) Close() error {
	unmap := f.unmap
	f.data, f.tensors, f.unmap = nil, nil, nil
	var all error
	for _, u := range unmap {
		if err := u(); err != nil {
			all = errors.Join(all, fmt.Errorf("gguf: close %s: %w", f.name, err))
		}
	}
	return all
}

// files lists what a reference stands for; a part that is missing is named.
func files(path string) ([]string, error) {
	names, err := parts(path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			return nil, err
		}
	}
	return names, nil
}
