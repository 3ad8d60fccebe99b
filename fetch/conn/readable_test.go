package conn

import (
	"testing"

	"batchfetch/fetch/nettest"
)

// TestReadable: a readPoll sees bytes and the end of the stream, also while another goroutine reads, and takes nothing.
func TestReadable(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	p := newReadPoll(ours)
	if p == nil {
		t.Skip("no poll(2) here")
	}
	read := make(chan string)
	readOnce := func() {
		b := make([]byte, 9)
		n, err := ours.Read(b)
		read <- string(b[:n]) + errorText(err)
	}
	go readOnce()
	for range 100 {
		if p.readable() {
			t.Fatal("readable, though nothing was sent")
		}
	}
	nettest.Say(theirs, "x")
	if got := <-read; got != "x" {
		t.Errorf("a read under way got %q", got)
	}
	nettest.Say(theirs, "y")
	nettest.Eventually(t, "a byte", p.readable)
	go readOnce()
	if got := <-read; got != "y" {
		t.Errorf("a read after it got %q", got)
	}
	_ = theirs.CloseWrite()
	nettest.Eventually(t, "the end", p.readable)
	_ = ours.Close()
	if p.readable() || (*readPoll)(nil).readable() {
		t.Error("readable, though closed or without a socket")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
