package judge

import (
	"os"
	"syscall"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// TestFileShortagesRestart: after a file shortage the body is requested again where the method allows it, up to
// maxFileShortages times, and Attempts does not limit it.
func TestFileShortagesRestart(t *testing.T) {
	for _, tt := range []struct {
		method string
		times  int
		want   Fate
		delay  time.Duration
	}{
		{"GET", 0, Restart, firstFileWait / 2}, {"GET", 2, Restart, 2 * firstFileWait},
		{"GET", maxFileShortages - 1, Restart, longestFileWait / 2},
		{"GET", maxFileShortages, Final, 0}, {"POST", 0, Final, 0},
	} {
		for _, code := range []error{syscall.EMFILE, syscall.ENFILE} {
			failure := &failure.Failure{Kind: failure.IO, Err: &os.PathError{Op: "open", Path: "body", Err: code}}
			trial := Trial{Method: tt.method, Attempts: 1, FileShortages: tt.times}
			v := Judge(policyWith(nil), trial, Answer{Failure: failure}, judgedAt, 0.5)
			if v.Fate != tt.want || v.Delay != tt.delay || v.Failure != failure {
				t.Errorf("%s after %d: %+v", tt.method, tt.times, v)
			}
		}
	}
}
