package conn

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
)

// A countingConn counts the reads of what it has to be read.
type countingConn struct {
	net.Conn
	has   bytes.Reader
	reads int
}

func (c *countingConn) Read(p []byte) (int, error) {
	c.reads++
	return c.has.Read(p)
}

// newCounted returns a Conn that has data to be read, and then its end.
func newCounted(t *testing.T, data []byte) (*Conn, *countingConn) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	counting := &countingConn{Conn: ours}
	counting.has.Reset(data)
	return New(counting, nil), counting
}

// TestReadAhead: many small reads are one of the socket, one that is large goes past the buffer, reads of the socket
// are announced, and the buffer is in use until all of it was returned.
func TestReadAhead(t *testing.T) {
	c, counting := newCounted(t, bytes.Repeat([]byte("0123456789"), 200))
	announced := 0
	announce := func() { announced++ }
	if !c.ReadAhead(make([]byte, 1000), announce) {
		t.Error("nothing was read yet, but the buffer is in use")
	}
	p := make([]byte, 10)
	for i := range 100 {
		if n, err := c.Read(p); string(p[:n]) != "0123456789" || err != nil {
			t.Fatalf("%q, %v", p[:n], err)
		}
		if is, want := c.ReadAhead(make([]byte, 1000), announce), i == 99; is != want {
			t.Errorf("after %d reads ReadAhead returns %v", i+1, is)
		}
	}
	if counting.reads != 1 || c.movedBytes() != 1000 {
		t.Errorf("%d reads of the socket, %d bytes", counting.reads, c.movedBytes())
	}
	if n, err := c.Read(make([]byte, 2000)); n != 1000 || err != nil || counting.reads != 2 {
		t.Errorf("%d bytes, %v, %d reads", n, err, counting.reads)
	}
	if announced != counting.reads {
		t.Errorf("%d reads of the socket of %d were announced", announced, counting.reads)
	}
	if n, err := c.Read(p); n != 0 || err != io.EOF || !c.IsClosedByPeer() {
		t.Errorf("%d bytes, %v behind the last", n, err)
	}
}

// TestReadAheadInOrder: with reads and buffers of any size all bytes come, in order.
func TestReadAheadInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(rng.Uint32()) //nolint:gosec // the low bits are meant
	}
	c, _ := newCounted(t, data)
	var got []byte
	for {
		if rng.IntN(4) == 0 {
			c.ReadAhead(make([]byte, rng.IntN(3)*rng.IntN(2000)), nil)
		}
		p := make([]byte, 1+rng.IntN(3000))
		n, err := c.Read(p)
		if got = append(got, p[:n]...); err != nil {
			break
		}
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes came of %d, or others", len(got), len(data))
	}
}
