package resp

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// secret is a password, and what a server says of it.
const secret = "s3cret"

// startServer starts a server that says so much over each connection once it has read something, and then reads on
// until the client hangs up. It returns its address, and a function that waits until that has happened to all.
func startServer(t *testing.T, says func(c net.Conn)) (addr string, hungUp func() bool) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer func() { _ = c.Close() }()
				if n, _ := c.Read(make([]byte, 1<<10)); n > 0 {
					says(c)
				}
				_ = c.SetReadDeadline(time.Now().Add(2 * time.Minute))
				for err := error(nil); err == nil; {
					_, err = c.Read(make([]byte, 1<<10))
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	return listener.Addr().String(), func() bool {
		_ = listener.Close()
		ended := make(chan struct{})
		go func() { open.Wait(); close(ended) }()
		select {
		case <-ended:
			return true
		case <-time.After(time.Minute):
			return false
		}
	}
}

// getAndRenew are two commands as a cache has them.
var getAndRenew = []Command{
	{Words: []string{"GETRANGE", "k", "0", "1048575"}, Reply: Bulk, MaxBulk: 1 << 20},
	{Words: []string{"EXPIRE", "k", "60"}, Reply: Number},
}

// TestGuardReplies: a reply that was not asked for costs neither memory nor time: the client hangs up, and says in
// words of its own why. What was asked for is accepted.
func TestGuardReplies(t *testing.T) {
	long := strings.Repeat("x", 5<<10)
	for says, want := range map[string]string{
		"$2\r\nab\r\n:1\r\n": "", "$-1\r\n:0\r\n": "", "$0\r\n\r\n:0\r\n": "", "$1048576\r\n" + strings.Repeat("x", 1<<20) +
			"\r\n:1\r\n": "",
		"-ERR " + secret + "\r\n:0\r\n": "", "$2\r\nab\r\n-READONLY " + secret + "\r\n": "",

		"$1048577\r\n":                   "it has another length",
		"$2147483648\r\n":                "it has another length",
		"$9223372036854775807\r\nx":      "it has another length",
		"$9223372036854775808\r\nx":      "a number is none",
		"$-2\r\n":                        "it has another length",
		"$" + secret + "\r\n":            "a number is none",
		"$\r\n":                          "a number is none",
		"$2\r\nabc\r\n:1\r\n":            "it is longer than it says",
		"$" + strings.Repeat("0", 5<<10): "a line is over 4 KiB",
		"*1000000000\r\n":                "it has another type",
		"*2\r\n$1\r\na\r\n$1\r\nb\r\n":   "it has another type",
		"%1000000000\r\n":                "it has another type",
		">3\r\n+message\r\n":             "it has another type",
		"=1000000000\r\ntxt:" + secret:   "it has another type",
		"!1000000000\r\n":                "it has another type",
		"_\r\n":                          "it has another type",
		":5\r\n:1\r\n":                   "it has another type",
		"+" + secret + "\r\n":            "it has another type",
		"+" + long + "\r\n":              "a line is over 4 KiB",
		"-" + long + secret + "\r\n":     "a line is over 4 KiB",
		"-" + long:                       "a line is over 4 KiB",
		"HTTP/1.1 200 OK\r\n":            "it has another type",
		"\r\n":                           "it is no RESP2",
		"$2\n":                           "it is no RESP2",
		"$2\r\nab\r\n:x\r\n":             "a number is none",
		"$2\r\nab\r\n$1\r\nx\r\n":        "it has another type",
		"$2\r\nab\r\n:1\r\n+more\r\n":    "there is more",
	} {
		addr, hungUp := startServer(t, func(c net.Conn) { _, _ = c.Write([]byte(says)) })
		client := New(Config{Addr: addr, Timeout: time.Minute, Conns: 1})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := client.Do(t.Context(), getAndRenew...)
		runtime.ReadMemStats(&after)
		shown := says[:min(len(says), 32)]
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), ErrReply.Error()+": ")
		}
		if got != want || strings.Contains(got, secret) || err != nil && !errors.Is(err, ErrReply) {
			t.Errorf("%q: %q, want %q", shown, got, want)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 6<<20 {
			t.Errorf("%q: %d bytes allocated", shown, grown)
		}
		if err == nil {
			_ = client.Close()
		}
		if !hungUp() {
			t.Errorf("%q: the connection is still open", shown)
		}
	}
}

// TestGuardRefusals: an error reply is told in words of ours, whichever command it is to.
func TestGuardRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"WRONGPASS invalid username-password pair " + secret: "it refuses the user name or password",
		"NOAUTH Authentication required. " + secret:          "it refuses the user name or password", // to AUTH
		"ERR invalid password " + secret:                     "it refuses the user name or password",
		secret:                                               "it refuses the user name or password",
		"":                                                   "it refuses the user name or password",
	} {
		addr, _ := startServer(t, func(c net.Conn) { _, _ = c.Write([]byte("-" + text + "\r\n")) })
		client := New(Config{Addr: addr, Username: "u", Password: secret, Timeout: time.Minute, Conns: 1})
		if _, err := client.Do(t.Context(), getAndRenew...); err == nil || err.Error() != want {
			t.Errorf("%q to AUTH: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"NOAUTH Authentication required. " + secret: "it wants a password", "OOM " + secret: "it has no memory left",
		"MOVED 3999 " + secret: "another node of its cluster has the key", secret: "it refuses a command",
		"ERR " + secret: "it refuses a command", "": "it refuses a command", "oom": "it refuses a command",
	} {
		if got := refusalOf(text); got.Error() != want || strings.Contains(got.Code, secret) {
			t.Errorf("%q: %v, code %q", text, got, got.Code)
		}
	}
}

// TestGuardTime: whatever a server does or leaves, a call ends in time, and at once when its context ends; then the
// connection is closed.
func TestGuardTime(t *testing.T) {
	never := func(c net.Conn) {
		for _, err := c.Write([]byte("0")); err == nil; _, err = c.Write([]byte("0")) {
			time.Sleep(50 * time.Millisecond)
		}
	}
	silent := func(net.Conn) {}
	large := Command{Words: []string{"SETEX", "k", "60"}, Value: make([]byte, 32<<20), Reply: Status}
	for _, tt := range []struct {
		name     string
		says     func(net.Conn)
		isDeaf   bool // it reads nothing until the call has returned
		tls      bool
		commands []Command
	}{
		{"silence", silent, false, false, getAndRenew},
		{"a line without an end", never, false, false, getAndRenew},
		{"a bulk, byte by byte", func(c net.Conn) { _, _ = c.Write([]byte("$1048576\r\n")); never(c) }, false, false,
			getAndRenew},
		{"one reply of two", func(c net.Conn) { _, _ = c.Write([]byte("$-1\r\n")) }, false, false, getAndRenew},
		{"a server that does not read", silent, true, false, []Command{large}},
		{"a handshake without an end", silent, false, true, getAndRenew},
		{"a handshake with one who does not read", silent, true, true, getAndRenew},
	} {
		for _, canceled := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				returned := make(chan struct{})
				addr, hungUp := startServer(t, func(c net.Conn) {
					if tt.says(c); tt.isDeaf {
						<-returned
					}
				})
				config := Config{Addr: addr, Timeout: 300 * time.Millisecond, Conns: 1}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				gone := errors.New("the run is over")
				if canceled {
					config.Timeout = time.Minute
					time.AfterFunc(100*time.Millisecond, func() { cancel(gone) })
				}
				if tt.tls {
					config.TLS = &tls.Config{InsecureSkipVerify: true}
				}
				client := New(config)
				began := time.Now()
				_, err := client.Do(ctx, tt.commands...)
				took := time.Since(began)
				close(returned)
				var late *timeoutError
				if took > 20*time.Second || !errors.Is(err, gone) && (canceled || !errors.As(err, &late)) {
					t.Errorf("%v after %s", err, took)
				}
				if !hungUp() {
					t.Error("the connection is still open")
				}
			})
		}
	}
}

// TestGuardWait: who waits for a connection waits no longer than for an answer.
func TestGuardWait(t *testing.T) {
	addr, _ := startServer(t, func(net.Conn) {})
	client := New(Config{Addr: addr, Timeout: 300 * time.Millisecond, Conns: 1})
	client.tokens <- struct{}{}
	if _, err := client.Do(t.Context(), getAndRenew...); err == nil ||
		err.Error() != "no connection to it was free within 300ms" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Do(ctx, getAndRenew...); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestGuardCertificate: what a certificate says is in no error.
func TestGuardCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for want, config := range map[string]*tls.Config{
		"its certificate is for another name":               {ServerName: "elsewhere.test", RootCAs: roots},
		"its certificate is signed by an unknown authority": {ServerName: "example.com", RootCAs: x509.NewCertPool()},
		"the TLS handshake with it failed": {
			ServerName: "example.com", RootCAs: roots, MaxVersion: tls.VersionTLS10,
		},
	} {
		client := New(Config{Addr: server.Listener.Addr().String(), Timeout: time.Minute, Conns: 1, TLS: config})
		if _, err := client.Do(t.Context(), getAndRenew...); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzReply: no reply makes readReply take more than was asked for, or repeat what a server says.
func FuzzReply(f *testing.F) {
	for _, text := range []string{"$2\r\nab\r\n", "+OK\r\n", ":-1\r\n", "-ERR x\r\n", "*1\r\n$1\r\na\r\n", "$99\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range []Command{{Reply: Bulk, MaxBulk: 8}, {Reply: Status}, {Reply: Number}} {
			reply, err := c.readReply(bufio.NewReaderSize(strings.NewReader(text), maxLine))
			if len(reply.Bulk) > c.MaxBulk || err != nil && (reply.Bulk != nil || reply.Refusal != nil) {
				t.Errorf("%q: %+v, %v", text, reply, err)
			}
			if err != nil && !errors.Is(err, ErrReply) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
