package conn

import (
	"testing"

	"batchfetch/fetch/nettest"
)

// TestPeek: it sees bytes and the end, while somebody else reads and without taking anything.
func TestPeek(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	p := newReadPoll(ours)
	if p == nil {
		t.Skip("no peeks here")
	}
	read := make(chan string)
	once := func() {
		b := make([]byte, 9)
		n, err := ours.Read(b)
		read <- string(b[:n]) + errorText(err)
	}
	go once()
	for range 100 {
		if p.readable() {
			t.Fatal("sees what is not there")
		}
	}
	nettest.Say(theirs, "x")
	if got := <-read; got != "x" {
		t.Errorf("a read under way got %q", got)
	}
	nettest.Say(theirs, "y")
	nettest.Eventually(t, "a byte", p.readable)
	go once()
	if got := <-read; got != "y" {
		t.Errorf("a read after it got %q", got)
	}
	_ = theirs.CloseWrite()
	nettest.Eventually(t, "the end", p.readable)
	_ = ours.Close()
	if p.readable() || (*readPoll)(nil).readable() {
		t.Error("sees something where nothing can be seen")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
