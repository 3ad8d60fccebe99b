package judge

import (
	"os"
	"syscall"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestShortageIsWaitedFor: a body without a file is asked for again where that is safe, at no cost of an attempt, and
// not for ever.
func TestShortageIsWaitedFor(t *testing.T) {
	for _, tt := range []struct {
		method string
		times  int
		want   Fate
		delay  time.Duration
	}{
		{"GET", 0, Restart, firstShortage / 2}, {"GET", 2, Restart, 2 * firstShortage},
		{"GET", mostShortages - 1, Restart, longestShortage / 2},
		{"GET", mostShortages, Final, 0}, {"POST", 0, Final, 0},
	} {
		for _, code := range []error{syscall.EMFILE, syscall.ENFILE} {
			failure := &failure.Failure{Kind: failure.IO, Err: &os.PathError{Op: "open", Path: "body", Err: code}}
			trial := Trial{Method: tt.method, Attempts: 1, FileShortages: tt.times}
			v := Judge(usual(nil), trial, Answer{Failure: failure}, judgedAt, 0.5)
			if v.Fate != tt.want || v.Delay != tt.delay || v.Failure != failure {
				t.Errorf("%s after %d: %+v", tt.method, tt.times, v)
			}
		}
	}
}
