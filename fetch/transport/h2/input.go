package h2

import (
	"net"
	"sync"

	"batchfetch/fetch/conn"
)

// inputBytes is the size of the buffer that a connection reads through while it carries exchanges, idleBytes of the one
// that it has while it carries none: there may be many such connections.
const inputBytes, idleBytes = 64 << 10, 256

var inputBuffers = sync.Pool{New: func() any { return new([inputBytes]byte) }}

// An input is the buffer through which a connection is read. Its reader alone uses it.
type input struct {
	conn  net.Conn
	below *conn.Conn        // what TLS reads from; nil: there is no TLS
	large *[inputBytes]byte // nil: idle is in use
	idle  [idleBytes]byte
	buf   []byte // idle, large, or the part of it that TLS leaves
	start int    // of what is buffered
	end   int

	isBusy func() bool // says whether the connection carries exchanges
	onRead func()      // is called when bytes were read

	beforeRead func() // is called before a read that may wait: by what TLS reads from, where it reads ahead
}

// buffered returns how many bytes can be read without waiting.
func (in *input) buffered() int { return in.end - in.start }

// pastBytes is from which size on a read goes past the buffer, and how much is read at once of TLS, which has read more
// already: a large frame is not copied twice.
const pastBytes = 4 << 10

// Read is io.Reader's. A large read goes past the buffer.
func (in *input) Read(p []byte) (int, error) {
	if in.start == in.end {
		if in.choose(); in.below == nil || in.large == nil {
			in.beforeRead()
		}
		if len(p) >= pastBytes {
			n, err := in.conn.Read(p)
			in.onRead()
			return n, err
		}
		n, err := in.conn.Read(in.buf)
		in.start, in.end = 0, n
		in.onRead()
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.start:in.end])
	in.start += n
	return n, nil
}

// next returns n bytes that are buffered, which are valid until the next read.
func (in *input) next(n int) []byte {
	in.start += n
	return in.buf[in.start-n : in.start]
}

// skip reads n bytes that are not needed.
func (in *input) skip(n int) error {
	for n > 0 {
		if in.start == in.end {
			var one [1]byte
			if _, err := in.Read(one[:]); err != nil {
				return err
			}
			n--
		}
		m := min(n, in.buffered())
		in.start += m
		n -= m
	}
	return nil
}

// choose chooses the buffer for the next read. Nothing is buffered. Where there is TLS most of it is what that reads
// through: a read of the socket then takes many of its records.
func (in *input) choose() {
	switch busy := in.isBusy(); {
	case busy && in.large == nil:
		in.large = inputBuffers.Get().(*[inputBytes]byte)
		in.buf = in.large[:]
		if in.below != nil {
			in.buf = in.large[:pastBytes]
			in.below.ReadAhead(in.large[pastBytes:], in.beforeRead)
		}
	case !busy:
		in.close()
	}
}

// close gives the large buffer back, unless there is in it what TLS has yet to read.
func (in *input) close() {
	if in.large != nil {
		if in.below != nil && !in.below.ReadAhead(nil, nil) {
			return
		}
		inputBuffers.Put(in.large)
		in.large = nil
	}
	in.buf, in.start, in.end = in.idle[:], 0, 0
}
