package file

import "errors"

// ErrBusy is the error of a file that another run has locked.
var ErrBusy = errors.New("another run is writing it")

// ErrNotOurs is the error of a file beside an output that is a link, has a second name or is another user's: whoever
// can write to the folder may have put it there.
var ErrNotOurs = errors.New("it is there already and may be another's: a link, a second name of some file, or not " +
	"owned by this user")
