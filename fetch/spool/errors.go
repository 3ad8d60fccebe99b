package spool

import (
	"errors"
	"io/fs"
	"syscall"
)

// ErrNoRoom is why there is no File for a body, or for more of it: others have the room.
var ErrNoRoom = errors.New("the room for temporary files is taken")

// An Error is a failure to make, write or read a temporary file, with its directory. It ends a run, unless there is
// only no room for the file (IsFull).
type Error struct {
	Dir string
	Err error
}

func (e *Error) Error() string {
	return "a temporary file in " + e.Dir + ": " + e.Err.Error()
}

// Unwrap returns the system's reason.
func (e *Error) Unwrap() error { return e.Err }

// newError returns an Error for dir. It leaves out the name of the file, which means nothing to a user.
func newError(dir string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &Error{Dir: dir, Err: err}
}

// IsFull reports whether err says that there is no room for a temporary file: in its Space, or on its disk (ENOSPC,
// EDQUOT).
func IsFull(err error) bool {
	if err == nil { // errors.As allocates
		return false
	}
	var of *Error
	return errors.As(err, &of) && (errors.Is(of, ErrNoRoom) || isDiskFull(of))
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
