package judge

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
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

// TestDialShortagesRestart: where this machine lacks what a connection takes, the request was not sent: it is made
// again whatever its method, and the host is not judged by it.
func TestDialShortagesRestart(t *testing.T) {
	for _, code := range []error{fdlimit.ErrNoPort, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.EAGAIN} {
		if runtime.GOOS == "windows" && (code == syscall.ENOBUFS || code == syscall.ENOMEM || code == syscall.EAGAIN) {
			continue // it has others
		}
		for _, kind := range []failure.Kind{failure.Connect, failure.Timeout} {
			a := Answer{Failure: &failure.Failure{Kind: kind, Err: code}, NotProcessed: true}
			v := Judge(policyWith(nil), Trial{Method: "POST", Attempts: 9, FileShortages: 50}, a, judgedAt, 0.5)
			if v.Fate != Restart || !v.Shortage || v.Health != Unknown || v.Delay == 0 {
				t.Errorf("%s, %v: %+v", kind, code, v)
			}
			a.NotProcessed = false // it may have been sent over another connection
			if v := Judge(policyWith(nil), Trial{Method: "POST", Attempts: 1}, a, judgedAt, 0.5); v.Fate != Final {
				t.Errorf("sent, %s, %v: %+v", kind, code, v)
			}
		}
	}
	a := Answer{Failure: &failure.Failure{Kind: failure.Connect, Err: syscall.EADDRNOTAVAIL}, NotProcessed: true}
	if v := Judge(policyWith(nil), Trial{Method: "GET", Attempts: 1}, a, judgedAt, 0.5); v.Shortage {
		t.Error("an address that can't be reached at all is taken for a lack of ports")
	}
}
