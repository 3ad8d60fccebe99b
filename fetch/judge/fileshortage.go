package judge

import "time"

// A file shortage is an exchange whose body's file could not be opened because too many files were open, or for which
// there was no room on the disk. Its Task is restarted after a Backoff between firstFileWait and longestFileWait, so
// that Tasks that lack a file at the same time do not restart together. All restarts of a Task take about half a
// minute; those without a connection five, as a local port may be taken for one after its connection was closed.
const (
	maxFileShortages = 20                     // restarts of a Task in a row
	maxDialShortages = 200                    // those for which there was no file, port or memory for a connection
	firstFileWait    = 200 * time.Millisecond // upper bound of the first wait, doubled with each further one
	longestFileWait  = 3 * time.Second        // upper bound of every wait
)

// waitsForMachine reports whether the Task is to be restarted once this machine has what it lacked: a file, room on the
// disk, or a port for a connection.
func (j *judgement) waitsForMachine() bool {
	a, shortages := &j.answer, j.trial.FileShortages
	if a.IsShort() && shortages < maxDialShortages {
		return true
	}
	return (a.IsOutOfFiles() || a.NoRoom) && shortages < maxFileShortages && j.policy.mayRepeat(&j.trial)
}
