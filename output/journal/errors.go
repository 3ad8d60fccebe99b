package journal

import (
	"errors"
	"fmt"
)

// ResumeError is why an output can't be resumed, and a hint at what the user can do about it.
type ResumeError struct{ Problem, Hint string }

func (e *ResumeError) Error() string { return e.Problem }

// What is wrong with an output or a journal that can't be resumed.
var (
	errDamaged = errors.New("the journal is damaged")
	errShorter = errors.New("the output is shorter than its journal says")
	errCut     = errors.New("another program has cut it off")
	errChanged = errors.New("the output is not what its journal says")
)

// isOutputError reports whether err is about the content of an output.
func isOutputError(err error) bool { return errors.Is(err, errShorter) || errors.Is(err, errChanged) }

// describeError makes a ResumeError, with the names of the files, of an error of findGood; other errors it returns as
// they are.
func describeError(err error, name string, length int64) error {
	journal := besideOutput(name)
	hint := "bring it back, or remove " + journal + " and " + name + " to start over"
	switch {
	case errors.Is(err, errShorter) && length == 0:
		return &ResumeError{name + " is missing or empty, though its journal says that requests are done",
			"bring it back, or remove " + journal + " to start over"}
	case errors.Is(err, errShorter):
		return &ResumeError{fmt.Sprintf("%s has %d bytes, fewer than its journal says", name, length), hint}
	case errors.Is(err, errChanged):
		return &ResumeError{name + " is not the file that its journal was written for: its content has changed", hint}
	case errors.Is(err, errDamaged):
		return &ResumeError{journal + ": " + err.Error(), "move " + journal + " and " + name + " away to start over"}
	}
	return err
}
