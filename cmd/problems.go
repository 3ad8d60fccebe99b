package cmd

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"batchfetch/fetch"
	"batchfetch/fetch/parse"
	"batchfetch/fetch/spool"
	"batchfetch/output/file"
)

// A usageError is a command line that can't be run, with a hint for the user; "" is none.
type usageError struct{ problem, hint string }

func (e *usageError) Error() string { return e.problem }

// problems are the errors of one command line in the order they were found, so that all are printed at once.
type problems struct {
	errors []error
	flags  map[string]bool // those with an error of their own
}

// add adds a problem of a flag, whose name is without dashes.
func (p *problems) add(flag, problem, hint string) {
	if p.flags == nil {
		p.flags = make(map[string]bool)
	}
	p.flags[flag] = true
	p.errors = append(p.errors, &fetch.Mistake{Flag: flag, Problem: problem, Hint: hint})
}

// addError adds an error of a flag with the hint of a parse.Error; nil is none.
func (p *problems) addError(flag string, err error) {
	if err != nil {
		p.add(flag, err.Error(), parse.Hint(err))
	}
}

// addMistakes adds what fetch.Options.Validate found, except for flags that have an error already: their value is a
// default, as their text could not be read.
func (p *problems) addMistakes(err error) {
	for _, each := range flatten(err) {
		var mistake *fetch.Mistake
		if errors.As(each, &mistake) && !p.flags[mistake.Flag] {
			p.errors = append(p.errors, each)
		}
	}
}

// flatten returns the leaves of errors.Join, in order; err itself where nothing was joined.
func flatten(err error) []error {
	joined, several := err.(interface{ Unwrap() []error }) // not errors.As, which would look below a wrapping error
	if !several {
		return []error{err}
	}
	var list []error
	for _, each := range joined.Unwrap() {
		list = append(list, flatten(each)...)
	}
	return list
}

// hintFor returns the hint for an error on the terminal; "" is none.
func hintFor(err error) string {
	var mistake *fetch.Mistake
	var invalid *parse.Error
	var usage *usageError
	switch {
	case errors.As(err, &mistake):
		return mistake.Hint
	case errors.As(err, &invalid):
		return invalid.Hint
	case errors.As(err, &usage):
		return usage.hint
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on the disk and run the same command again"
	case errors.Is(err, syscall.EFBIG):
		return "raise the limit on file sizes, which ulimit -f shows, and run the same command again"
	case errors.Is(err, syscall.EMFILE):
		return "raise the limit on open files, which ulimit -n shows"
	case errors.Is(err, syscall.EROFS):
		return "name a directory that can be written to"
	case errors.Is(err, os.ErrPermission):
		return "check the permissions of the file and its directory"
	}
	return ""
}

// hintTempRoom is the hint for temporary files for which there is no room or no folder.
const hintTempRoom = "large bodies and --ordered need room for temporary files: make some, or name another directory " +
	"by TMPDIR"

// errClosed is that there is no output.
var errClosed = errors.New("standard output is closed, and nothing else would hold what is fetched")

// outputHint is hintFor with the hints that are for outputs alone.
func outputHint(err error) string {
	var temporary *spool.Error
	var failed *fs.PathError
	switch {
	case errors.Is(err, errClosed):
		return "name a file by -o, -o /dev/null where the Records are of no use"
	case errors.As(err, &temporary) && !errors.Is(err, syscall.EFBIG):
		return hintTempRoom
	case errors.As(err, new(*file.LostError)):
		return "bring it back, or start over; no other program may move it or cut it off while a run writes it"
	case errors.As(err, &failed) && failed.Op == "read" && errors.Is(err, os.ErrPermission): // of an open file
		return "its file system reads no file that is open for writing, as a mount of rclone without " +
			"--vfs-cache-mode writes: mount it so, or name a file elsewhere"
	case errors.Is(err, os.ErrNotExist):
		return "the directory has to exist"
	}
	return hintFor(err)
}
