package h2

import (
	"bytes"
	"io"
	"testing"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// TestInputLendsTLSItsBuffer: what TLS reads from is read through the large buffer while there are exchanges, which is
// not given back before all of it was read.
func TestInputLendsTLSItsBuffer(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	below := conn.New(ours, nil)
	busy := true
	in := input{conn: below, below: below, isBusy: func() bool { return busy }, beforeRead: func() {}, onRead: func() {}}
	in.close()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1024) // four times what is taken of TLS at once
	if _, err := theirs.Write(sent); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 16)
	if _, err := io.ReadFull(&in, got); err != nil || in.large == nil {
		t.Fatalf("%v, large buffer: %v", err, in.large != nil)
	}
	busy = false
	for len(got) < len(sent) {
		clear(inputBuffers.Get().(*[inputBytes]byte)[:]) // as another connection would
		p := make([]byte, 16)
		if _, err := io.ReadFull(&in, p); err != nil {
			t.Fatal(err)
		}
		got = append(got, p...)
	}
	if !bytes.Equal(got, sent) {
		t.Error("other bytes came")
	}
	if in.choose(); in.large != nil {
		t.Error("the large buffer is kept for a connection without exchanges")
	}
}
