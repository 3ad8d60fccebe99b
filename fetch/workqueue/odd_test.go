package workqueue

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/resp"
)

// answering starts a server that answers the n-th command with the n-th of says, and the last one again from then on;
// "cut" closes the connection, and more before that is the beginning of an answer. It returns its Address.
func answering(t *testing.T, says ...string) Address {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	next := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return says[min(n, len(says))-1]
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer func() { _ = c.Close() }()
				for in := bufio.NewReader(c); readCommand(in) == nil; {
					says, cut := strings.CutSuffix(next(), "cut")
					if _, err := io.WriteString(c, says); err != nil || cut {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return address(listener.Addr().String())
}

// readCommand reads a command.
func readCommand(in *bufio.Reader) error {
	number := func() (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	words, err := number()
	for ; err == nil && words > 0; words-- {
		var size int
		if size, err = number(); err == nil {
			_, err = in.Discard(size + 2)
		}
	}
	return err
}

// bulk returns a text as the reply to a script.
func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

// TestOddAnswers: what a server says at first that has no queue is the error of Open, in words of ours.
func TestOddAnswers(t *testing.T) {
	for says, want := range map[string]string{
		"-MOVED 9631 s3cret:1\r\n": "another node of its cluster has the key",
		"-NOAUTH s3cret\r\n":       "it wants a password",
		"-ERR s3cret\r\n":          "it refuses a command",
		"-NOGROUP s3cret\r\n":      "it has no such stream, or no such consumer group of it",
		"-MASTERDOWN s3cret\r\n":   "it has lost its master",
		"*1\r\n:1\r\n":             "its answer is not what was requested: it has another type",
		"HTTP/1.1 400 s3cret\r\n":  "its answer is not what was requested: it has another type",
		"$99999999\r\n":            "its answer is not what was requested: it has another length",
		"$1\r\ncut":                "it has closed the connection",
	} {
		if _, err := Open(t.Context(), answering(t, says), 1, func(string) {}); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", says, err, want)
		}
	}
}

// TestLoading: a server that is still loading its data is waited for.
func TestLoading(t *testing.T) {
	a := answering(t, "-LOADING s3cret\r\n", bulk("1"), bulk("0"))
	c, err := Open(t.Context(), a, 1, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestServerFails: what may pass is waited for, with one warning, and nothing comes twice; what does not ends Next.
func TestServerFails(t *testing.T) {
	one := bulk("0:0:1:11:11:00:" + "3:1-01:21:a1:b")
	for name, tt := range map[string]struct {
		says []string
		want string
	}{
		"loading": {[]string{bulk("1"), "-LOADING s3cret\r\n", "-LOADING s3cret\r\n", one, one}, ""},
		"cut":     {[]string{bulk("1"), "cut", one[:9] + "cut", one, one}, ""},
		"unknown": {[]string{bulk("1"), "-ERR s3cret\r\n", one}, ""},
		"type":    {[]string{bulk("1"), "-WRONGTYPE s3cret\r\n"}, "the key has a value of another type"},
		"rights":  {[]string{bulk("1"), "-NOPERM s3cret\r\n"}, "it does not allow this user to do so"},
		"odd": {[]string{bulk("1"), bulk("s3cret")},
			"its answer is not what was requested: its script says something else"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			warnings := make(chan string, 10)
			c, err := Open(t.Context(), answering(t, tt.says...), 1, func(text string) { warnings <- text })
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.client.Close() }()
			e, err := c.Next(t.Context())
			if tt.want != "" {
				if err == nil || err.Error() != tt.want || len(warnings) > 0 {
					t.Errorf("%v, want %s; %d warnings", err, tt.want, len(warnings))
				}
				return
			}
			if err != nil || e.ID != "1-0" || len(warnings) != 1 || strings.Contains(<-warnings, "s3cret") {
				t.Errorf("%v, %v", e, err)
			}
			time.AfterFunc(10*leastPoll, c.Stop)
			if e, err := c.Next(t.Context()); !errors.Is(err, io.EOF) {
				t.Errorf("%v, %v: it came again", e, err)
			}
		})
	}
}

// TestLateAcknowledgement: an entry that was acknowledged while a call takes entries does not come again by its reply.
func TestLateAcknowledgement(t *testing.T) {
	one := bulk("0:0:1:11:11:00:" + "3:1-01:21:a1:b")
	c, err := Open(t.Context(), answering(t, bulk("1"), one, bulk("1")), 1, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.client.Close() }()
	e, err := c.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.late = make(map[string]struct{}) // as take does before its call
	c.Acknowledge([]string{e.ID})
	if err := c.acknowledge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if known := c.hold([]Entry{e}); len(c.taken) > 0 || known != 1 || len(c.held) > 0 {
		t.Errorf("%v came again; %d are known, %d held", c.taken, known, len(c.held))
	}
}

// TestPatience: a server that fails for Patience is given up.
func TestPatience(t *testing.T) {
	c := &Consumer{warn: func(string) {}}
	broken := errors.New("broken")
	if err := c.fail(broken); err != nil {
		t.Error(err)
	}
	c.failedAt = c.failedAt.Add(-Patience - time.Second)
	if err := c.fail(broken); !errors.Is(err, broken) || !strings.Contains(err.Error(), "it has failed for 30s") {
		t.Error(err)
	}
}

// TestUnacknowledged: what the server does not know to be done is told at the end.
func TestUnacknowledged(t *testing.T) {
	t.Parallel()
	one := bulk("0:0:1:11:11:00:" + "3:1-01:21:a1:b")
	c, err := Open(t.Context(), answering(t, bulk("1"), one, "-READONLY s3cret\r\n"), 1, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Acknowledge([]string{e.ID})
	var left *Unacknowledged
	var refusal *resp.Refusal
	if err := c.Close(t.Context()); !errors.As(err, &left) || left.Count != 1 || !errors.As(err, &refusal) {
		t.Error(err)
	}
}
