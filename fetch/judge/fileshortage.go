package judge

import "time"

// A Task whose body's file could not be opened, because too many were open, is restarted at most mostShortages times
// in a row. The waits in between are drawn as those of retries are, from a bound of firstShortage that doubles up to
// longestShortage, so that Tasks that lack a file at the same time do not come back together. All of them take about
// half a minute.
const (
	maxFileShortages = 20
	firstFileWait    = 200 * time.Millisecond
	longestFileWait  = 3 * time.Second
)
