package fetch_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/terminal"
)

// A prank is a server of its own, what it does to whoever asks it, and what has to come of that.
type prank struct {
	about string // what of HTTP it lies about
	name  string
	line  string                       // of the input, with the server's address for $HOST; empty is http://$HOST/
	over  func(c net.Conn) net.Conn    // what a connection is made into first; nil is plain TCP
	does  func(c net.Conn, in *hearer) // runs once for each connection; then it is closed

	kind failure.Kind // empty: a success
	says string       // in the failure's message
	as   string       // a success's body_encoding; empty is text, "none" no body at all
	body string       // all of it, as its Record tells it; JSON and base64 as they stand there
}

// A hearer reads requests.
type hearer struct{ *bufio.Reader }

// next returns the next request, its body read; nil is the connection's end.
func (h *hearer) next() *http.Request {
	r, err := http.ReadRequest(h.Reader)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// end closes our side and waits for the other's: closed with bytes unread a connection would be reset.
func (h *hearer) end(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	h.wait()
}

// wait blocks until the client has gone.
func (h *hearer) wait() { _, _ = io.Copy(io.Discard, h) }

// answers sends text to the first request and ends the connection.
func answers(text string) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		if in.next() != nil {
			_ = put(c, text)
			in.end(c)
		}
	}
}

// hangs sends text to the first request, and nothing more.
func hangs(text string) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		if in.next() != nil {
			_ = put(c, text)
			in.wait()
		}
	}
}

// resets sends text to the first request and resets the connection.
func resets(text string) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		if in.next() != nil {
			_ = put(c, text)
			_ = c.(*net.TCPConn).SetLinger(0)
		}
	}
}

// repeats sends head and then text over and over, at most n times, with a pause after each.
func repeats(head, text string, n int, pause time.Duration) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		if in.next() == nil || put(c, head) != nil {
			return
		}
		for range n {
			if put(c, text) != nil {
				return
			}
			time.Sleep(pause)
		}
		in.end(c)
	}
}

// A stage holds the servers of a run.
type stage struct {
	mu      sync.Mutex
	open    map[net.Conn]bool // nil once the run is over
	servers []net.Listener
	works   sync.WaitGroup
}

// play starts the server of p and returns its address.
func (s *stage) play(t testing.TB, p prank) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.servers = append(s.servers, listener)
	s.works.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if s.opened(c) {
				s.works.Go(func() { s.serve(p, c) })
			}
		}
	})
	return listener.Addr().String()
}

func (s *stage) opened(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		_ = c.Close()
		return false
	}
	s.open[c] = true
	return true
}

func (s *stage) serve(p prank, c net.Conn) {
	on := c
	if p.over != nil {
		on = p.over(c)
	}
	p.does(on, &hearer{bufio.NewReader(on)})
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// close ends every server, whatever it is at.
func (s *stage) close() {
	for _, listener := range s.servers {
		_ = listener.Close()
	}
	s.mu.Lock()
	for c := range s.open {
		_ = c.Close()
	}
	s.open = nil
	s.mu.Unlock()
	s.works.Wait()
}

// A told is a Record's line, as far as it is looked at.
type told struct {
	Type         string          `json:"type"`
	Index        int             `json:"index"`
	Body         json.RawMessage `json:"body"`
	BodyEncoding string          `json:"body_encoding"`
	Error        struct {
		Kind    failure.Kind `json:"kind"`
		Message string       `json:"message"`
	} `json:"error"`
}

// text is the body as prank.body has it.
func (r *told) text() string {
	var text string
	if r.BodyEncoding != "json" && json.Unmarshal(r.Body, &text) == nil {
		return text
	}
	return string(r.Body)
}

// chaosOptions are those of the run; the bounds are as low as a slow machine lets them be.
func chaosOptions(t testing.TB) fetch.Options {
	o := fetch.Defaults()
	o.Concurrency, o.Retries, o.MaxBody, o.BodyMemory = 200, 0, 1<<20, 64<<10
	o.StallTimeout, o.KeepHeader, o.TLS = 4*time.Second, true, authority(t).client()
	return o
}

// TestChaos: whatever a server does, the outcome is right, and nothing of what it says reaches a terminal as it is.
func TestChaos(t *testing.T) {
	log.SetOutput(io.Discard) // net/http tells of surplus bytes there
	defer log.SetOutput(os.Stderr)
	pranks := everyPrank(t)
	s := &stage{open: make(map[net.Conn]bool)}
	defer s.close()
	var text strings.Builder
	for _, p := range pranks {
		line := p.line
		if line == "" {
			line = "http://$HOST/"
		}
		text.WriteString(strings.ReplaceAll(line, "$HOST", s.play(t, p)) + "\n")
	}
	var lines bytes.Buffer
	readable := readableToo{Sink: output.NewJSONL(&lines, encode.BodyAuto)}
	summary, err := fetch.Run(t.Context(), new(input.Reader).Lines(strings.NewReader(text.String()), "input"), &readable, chaosOptions(t))
	if err != nil || summary.Total != int64(len(pranks)) || !summary.Complete {
		t.Fatalf("%+v, %v", summary, err)
	}
	got := make([]*told, len(pranks))
	for line := range bytes.Lines(lines.Bytes()) {
		r := new(told)
		if err := json.Unmarshal(line, r); err != nil || got[r.Index] != nil {
			t.Fatalf("%v in the line %q", err, line)
		}
		wantPrintable(t, "a line", bytes.TrimSuffix(line, []byte("\n")))
		got[r.Index] = r
	}
	for _, line := range readable.lines {
		wantPrintable(t, "a line for a person", bytes.TrimSuffix(line, []byte("\n")))
	}
	for i, p := range pranks {
		t.Run(p.name, func(t *testing.T) {
			p.check(t, got[i])
			t.Log(p.row(got[i]))
		})
	}
}

// check holds a Record against what had to come of a prank.
func (p *prank) check(t *testing.T, r *told) {
	switch {
	case r == nil:
		t.Fatal("no record")
	case r.Error.Kind != p.kind:
		t.Fatalf("got %q (%s), body %.100q", r.Error.Kind, r.Error.Message, r.text())
	case p.kind != "":
		if !strings.Contains(r.Error.Message, p.says) || len(r.Error.Message) > 500 || p.says == "" {
			t.Errorf("says %.600q, want %q in it", r.Error.Message, p.says)
		}
	case p.as == "none":
		if r.Body != nil || r.BodyEncoding != "" {
			t.Errorf("has the body %.100q", r.text())
		}
	default:
		want := p.as
		if want == "" {
			want = "text"
		}
		if r.BodyEncoding != want || r.text() != p.body {
			t.Errorf("got %s %.200q, want %s %.200q", r.BodyEncoding, r.text(), want, p.body)
		}
	}
}

// readableToo renders failures for a person as well.
type readableToo struct {
	fetch.Sink
	mu    sync.Mutex
	lines [][]byte
}

func (s *readableToo) Encode(r *fetch.Record) {
	if r.Failure != nil {
		terminal.NewFailures(io.Discard, "").Encode(r)
		s.mu.Lock()
		s.lines = append(s.lines, r.Line)
		s.mu.Unlock()
	}
	s.Sink.Encode(r)
}

// wantPrintable makes sure that a line does nothing to a terminal but write on it.
func wantPrintable(t *testing.T, what string, line []byte) {
	t.Helper()
	if at := bytes.IndexFunc(line, func(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }); at >= 0 {
		t.Errorf("%s holds the control character %q: %q", what, line[at], line[max(0, at-60):min(len(line), at+60)])
	}
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
