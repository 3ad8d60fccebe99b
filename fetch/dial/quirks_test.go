package dial

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// A restartedConn is a connection from which some bytes were read already.
type restartedConn struct {
	net.Conn
	in io.Reader
}

func (c *restartedConn) Read(p []byte) (int, error) { return c.in.Read(p) }

// startPickyServer starts a TLS server that reads each ClientHello (a record: RFC 8446 section 5.1) and calls drop with
// its length, and whether it is the first. Where that returns true the connection is closed, else the handshake is
// made. It returns its host:port, and how many ClientHellos had a length over a packet's.
func startPickyServer(t *testing.T, drop func(c *net.TCPConn, length int, first bool) bool) (string, *atomic.Int32) {
	t.Helper()
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	large, seen := new(atomic.Int32), 0
	return strings.TrimPrefix(nettest.Talk(t, func(c *net.TCPConn) {
		head := make([]byte, 5)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		length := int(binary.BigEndian.Uint16(head[3:]))
		hello := make([]byte, length)
		if _, err := io.ReadFull(c, hello); err != nil {
			return
		}
		seen++
		if length > largeHello {
			large.Add(1)
		}
		if drop(c, length, seen == 1) {
			return
		}
		from := &restartedConn{c, io.MultiReader(bytes.NewReader(append(head, hello...)), c)}
		server := tls.Server(from, &tls.Config{Certificates: form.TLS.Certificates})
		if server.Handshake() == nil {
			nettest.AwaitClose(server)
		}
	}), "http://"), large
}

// largeHello is between the lengths of a ClientHello with a post-quantum key share and of one without, in bytes.
const largeHello = 1000

// TestLargeClientHello: a ClientHello with a post-quantum key share that is not answered is followed by one without; so
// are all later ones, unless that was chance.
func TestLargeClientHello(t *testing.T) {
	silence := func(c *net.TCPConn) { nettest.AwaitClose(c) }
	alert := func(c *net.TCPConn, code byte) { // and not until all is read a reset
		nettest.Say(c, "\x15\x03\x03\x00\x02\x02"+string([]byte{code}))
		_ = c.CloseWrite()
		nettest.AwaitClose(c)
	}
	whenLarge := func(end func(*net.TCPConn)) func(*net.TCPConn, int, bool) bool {
		return func(c *net.TCPConn, length int, _ bool) bool {
			if length > largeHello {
				end(c)
			}
			return length > largeHello
		}
	}
	atFirst := func(end func(*net.TCPConn)) func(*net.TCPConn, int, bool) bool {
		return func(c *net.TCPConn, _ int, first bool) bool {
			if first {
				end(c)
			}
			return first
		}
	}
	for _, tt := range []struct {
		name  string
		drop  func(*net.TCPConn, int, bool) bool
		ends  string // of six handshakes: "." is a connection
		large int32  // how many of them, and of probes for what is off by default, had the share
	}{
		{"large ones vanish", whenLarge(silence), "timeout . . . . .", 1},
		{"large ones are reset", whenLarge(nettest.ResetOnClose), "reset . reset . . .", 2},
		{"large ones are closed", whenLarge(func(*net.TCPConn) {}), "truncated . truncated . . .", 2},
		{"large ones get decode_error", whenLarge(func(c *net.TCPConn) { alert(c, 50) }), "tls . . . . .", 2},
		{"large ones get illegal_parameter", whenLarge(func(c *net.TCPConn) { alert(c, 47) }), "tls . . . . .", 2},
		{"large ones get internal_error", whenLarge(func(c *net.TCPConn) { alert(c, 80) }), "tls . tls . . .", 2},
		{"one gets internal_error by chance", atFirst(func(c *net.TCPConn) { alert(c, 80) }), "tls . . . . .", 5},
		{"all get decode_error", func(c *net.TCPConn, _ int, _ bool) bool { alert(c, 50); return true },
			"tls tls tls tls tls tls", 6},
		{"the first is reset by chance", atFirst(nettest.ResetOnClose), "reset . . . . .", 5},
		{"the first is closed by chance", atFirst(func(*net.TCPConn) {}), "truncated . . . . .", 5},
		{"all are reset", func(c *net.TCPConn, _ int, _ bool) bool { nettest.ResetOnClose(c); return true },
			"reset reset reset reset reset reset", 3},
		{"all are answered", func(*net.TCPConn, int, bool) bool { return false }, ". . . . . .", 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, large := startPickyServer(t, tt.drop)
			dialer := New(Config{TLS: &tls.Config{InsecureSkipVerify: true}, Family: "tcp", Private: PrivateAllow,
				Timeouts: func(string) (connect, exchange time.Duration) { return time.Second, 0 }})
			var ends []string
			for range 6 {
				_, over, err := dialer.DialTLS(t.Context(), addr)
				var f *failure.Failure
				if !errors.As(err, &f) {
					ends = append(ends, ".")
					_ = over.Close()
					continue
				}
				ends = append(ends, string(f.Kind))
				if f.Kind == failure.TLS && strings.Contains(tt.ends, ".") && f.RetryAs != failure.Reset {
					t.Errorf("%v is not retried", f)
				}
				const says = "not done within 1s (--connect-timeout): TLS handshake with 127.0.0.1 not done, " +
					"nothing came in answer to its ClientHello"
				if f.Kind == failure.Timeout && (f.Error() != says || f.Option != OptionHello) {
					t.Errorf("got %q, and the option %s", f, f.Option)
				}
			}
			if got := strings.Join(ends, " "); got != tt.ends || large.Load() != tt.large {
				t.Errorf("got %s, %d with the share", got, large.Load())
			}
		})
	}
}

// TestQuirksAreBounded: what is remembered of servers does not grow with their number.
func TestQuirksAreBounded(t *testing.T) {
	var q quirks
	for i := range maxQuirks + 10 {
		q.change(strings.Repeat("a", i), func(k *quirk) { k.tookLarge = true })
	}
	if n := len(q.byAddr); n == 0 || n > maxQuirks {
		t.Errorf("%d servers", n)
	}
}
