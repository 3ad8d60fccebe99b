package conn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestSocketErrors: a socket returns the errors of the net.Conn that it is of, word for word.
func TestSocketErrors(t *testing.T) {
	past := time.Unix(1, 0)
	for name, spoil := range map[string]func(ours, theirs *net.TCPConn) error{
		"a deadline": func(ours, _ *net.TCPConn) error { return ours.SetDeadline(past) },
		"closed":     func(ours, _ *net.TCPConn) error { return ours.Close() },
		"shut down": func(ours, theirs *net.TCPConn) error {
			return errors.Join(theirs.CloseWrite(), ours.CloseWrite())
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := nettest.Pair(t)
			s := newSocket(ours)
			if err := spoil(ours, theirs); err != nil {
				t.Fatal(err)
			}
			for call, both := range map[string][2]func([]byte) (int, error){
				"read": {s.Read, ours.Read}, "write": {s.Write, ours.Write},
			} {
				n, got := both[0](make([]byte, 1))
				_, want := both[1](make([]byte, 1))
				if n != 0 || want == nil || errorText(got) != errorText(want) {
					t.Errorf("%s: %d, %v, and not %v", call, n, got, want)
				}
				for _, is := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded} {
					if errors.Is(got, is) != errors.Is(want, is) || failure.IsTimeout(got) != failure.IsTimeout(want) {
						t.Errorf("%s: %#v is of another kind than %#v", call, got, want)
					}
				}
			}
		})
	}
}

// TestSocketReset: a connection that the other side resets is known as reset, and one that is closed while a read
// waits as closed.
func TestSocketReset(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	nettest.ResetOnClose(theirs)
	_ = theirs.Close()
	if _, err := newSocket(ours).Read(make([]byte, 1)); !failure.IsReset(err) {
		t.Errorf("got %v", err)
	}
	ours, _ = nettest.Pair(t)
	read := make(chan error)
	go func() {
		_, err := newSocket(ours).Read(make([]byte, 1))
		read <- err
	}()
	_ = ours.Close()
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestSocketWaits: a read waits for bytes, and a write for room: all of it comes across to a slow reader, in order.
func TestSocketWaits(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	s := newSocket(ours)
	sent := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)
	wrote := make(chan error)
	go func() {
		_, err := s.Write(sent)
		wrote <- errors.Join(err, ours.CloseWrite())
	}()
	if n, err := s.Read(nil); n != 0 || err != nil {
		t.Errorf("a read of nothing returns %d, %v", n, err)
	}
	got, err := io.ReadAll(theirs)
	if !bytes.Equal(got, sent) || err != nil {
		t.Errorf("%d bytes of %d came, %v", len(got), len(sent), err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	go func() {
		for _, part := range []string{"a", "bc", "d"} {
			nettest.Say(theirs, part)
			time.Sleep(time.Millisecond)
		}
		_ = theirs.CloseWrite()
	}()
	if back, err := io.ReadAll(s); string(back) != "abcd" || err != nil {
		t.Errorf("got %q, %v", back, err)
	}
}

type readerOnly struct{ io.Reader }

// BenchmarkSocket sends a byte there and back, by the socket beside net.Conn's own methods.
func BenchmarkSocket(b *testing.B) {
	for name, of := range map[string]func(net.Conn) io.ReadWriter{
		"net":    func(c net.Conn) io.ReadWriter { return c },
		"socket": newSocket,
	} {
		b.Run(name, func(b *testing.B) {
			ours, theirs := nettest.Pair(b)
			go func() { _, _ = io.Copy(writerOnly{theirs}, readerOnly{theirs}) }()
			b.ReportAllocs()
			s, one := of(ours), make([]byte, 1)
			for b.Loop() {
				if _, err := s.Write(one); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(s, one); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// writerOnly hides that a TCPConn can take the bytes of another one without a copy.
type writerOnly struct{ io.Writer }
