package fetch

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// connected returns both ends of a connection over loopback.
func connected(t testing.TB) (ours, theirs *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), other.Close() })
	return c.(*net.TCPConn), other.(*net.TCPConn)
}

func soon(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what, "does not come about")
		}
	}
}

// TestPeek: it sees bytes and the end, while somebody else reads and without taking anything.
func TestPeek(t *testing.T) {
	ours, theirs := connected(t)
	p := newPeek(ours)
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
	say(theirs, "x")
	if got := <-read; got != "x" {
		t.Errorf("a read under way got %q", got)
	}
	say(theirs, "y")
	soon(t, "a byte", p.readable)
	go once()
	if got := <-read; got != "y" {
		t.Errorf("a read after it got %q", got)
	}
	_ = theirs.CloseWrite()
	soon(t, "the end", p.readable)
	_ = ours.Close()
	if p.readable() || (*peek)(nil).readable() {
		t.Error("sees something where nothing can be seen")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// awaitNoise waits until something has come over the link that lies idle on a road.
func awaitNoise(t *testing.T, r road) {
	ls := r.(either).links
	soon(t, "the surplus", func() bool {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		return ls.oldest != nil && !ls.oldest.isQuiet()
	})
}

// TestSurplusThatComesLate: what lies in the socket when a connection is used again is no answer. Another connection is asked,
// whatever the method: nothing had been sent.
func TestSurplusThatComesLate(t *testing.T) {
	if ours, _ := connected(t); newPeek(ours) == nil {
		t.Skip("no peeks here")
	}
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	for name, late := range map[string]func(c *net.TCPConn){
		"a whole answer": func(c *net.TCPConn) { say(c, answer+"wrong") },
		"one byte":       func(c *net.TCPConn) { say(c, "H") },
		"the end":        func(c *net.TCPConn) { _ = c.CloseWrite() },
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" before a "+method, func(t *testing.T) {
				o := quick(func(o *Options) { o.Concurrency, o.StallTimeout = 1, 5*time.Second }) // where nobody reads, nobody would end
				ways := newRoads(&o, realNetwork())
				defer ways.close()
				answered := make(chan struct{})
				url := talk(t, func(c *net.TCPConn) {
					ask(c)
					say(c, answer+"right")
					select {
					case <-answered: // this is the second connection
					default:
						<-answered
						late(c)
						ask(c)
					}
				})
				source := func(yield func(Request, error) bool) {
					for i := range 2 {
						if i == 1 {
							<-answered
							awaitNoise(t, ways.open)
						}
						if !yield(Request{URL: url, Method: method, Body: []byte("x")}, nil) {
							return
						}
					}
				}
				var bodies []string
				sink := SinkFunc(func(r *Record) error {
					bodies = append(bodies, fmt.Sprint(string(r.Body), r.Attempts, r.Failure))
					if r.Seq == 0 {
						close(answered)
					}
					return nil
				})
				if _, err := runWith(t.Context(), source, sink, &o, ways); err != nil {
					t.Fatal(err)
				}
				for _, body := range bodies {
					if body != "right1 <nil>" {
						t.Errorf("got %s", bodies)
					}
				}
			})
		}
	}
}

// BenchmarkPeek is what a connection used again costs more.
func BenchmarkPeek(b *testing.B) {
	ours, _ := connected(b)
	l := newLink(&conn{Conn: ours, peek: newPeek(ours)}, nil)
	l.used = true
	b.ReportAllocs()
	for b.Loop() {
		if !l.isQuiet() {
			b.Fatal("sees what is not there")
		}
	}
}
