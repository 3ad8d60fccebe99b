package cmd_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// A stage is what one script plays on: its servers, and a program in the background.
type stage struct {
	*origin
	marked time.Time

	redis *exec.Cmd // nil is none

	program     *exec.Cmd // nil is none
	stdin       io.WriteCloser
	stdout      bytes.Buffer
	stderr      told
	programEnds chan error
}

type stageKey struct{}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func (st *stage) close() {
	if st.program != nil {
		_ = st.program.Process.Kill() // it may have ended by itself
		<-st.programEnds
	}
	st.origin.close()
}

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// needs ends a script whose command is misused.
func needs(ts *testscript.TestScript, good bool, usage string) {
	if !good {
		ts.Fatalf("usage: %s", usage)
	}
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	kind := ""
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		kind, args = args[0], args[1:]
	}
	secure := kind == "-tls"
	needs(ts, !neg && len(args) < 2 && (kind == "" || secure || kind == "-mute" || kind == "-any"), "httpd [-tls|-mute|-any] [NAME]")
	name := "URL"
	if len(args) == 1 {
		name = args[0]
	}
	if kind == "-mute" {
		silence, err := net.Listen("tcp", "127.0.0.1:0") // connections are made, and nobody takes them
		ts.Check(err)
		ts.Defer(func() { _ = silence.Close() })
		ts.Setenv(name, "https://"+silence.Addr().String())
		return
	}
	address := "127.0.0.1:0"
	if kind == "-any" {
		address = "0.0.0.0:0"
	}
	listener, err := net.Listen("tcp", address)
	ts.Check(err)
	server := stageOf(ts).serve(listener, secure)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	ts.Check(err)
	ts.Setenv(name+"_PORT", port)
	ts.Setenv(name, server.URL)
	ts.Setenv(name+"_HOST", server.Listener.Addr().String())
	if secure {
		authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority, 0o600))
	}
}

func expand(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) > 0, "expand FILE...")
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

func pack(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 2, "pack FROM TO")
	var packed bytes.Buffer
	var z io.WriteCloser
	switch filepath.Ext(args[1]) {
	case ".gz":
		z = gzip.NewWriter(&packed)
	case ".zst":
		encoder, err := zstd.NewWriter(&packed)
		ts.Check(err)
		z = encoder
	default:
		ts.Fatalf("pack: %s is neither .gz nor .zst", args[1])
	}
	_, err := io.WriteString(z, ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, z.Close()))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), packed.Bytes(), 0o600))
}

func whole(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// fuse is how long a script waits for what must come.
const fuse = 30 * time.Second

// pattern is a METHOD URL in which * stands for anything.
func pattern(words []string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.Join(words, " "))
	return regexp.MustCompile("^" + strings.ReplaceAll(quoted, `\*`, ".*") + "$")
}

// matching returns the visits that match, in order, and what is closed at the next one.
func (o *origin) matching(which *regexp.Regexp) ([]visit, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []visit
	for _, v := range o.visits {
		if which.MatchString(v.what) {
			found = append(found, v)
		}
	}
	return found, o.came
}

func asked(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 3, "asked N METHOD URL")
	visits, _ := stageOf(ts).matching(pattern(args[1:]))
	if want := whole(ts, args[0]); len(visits) != want {
		all, _ := stageOf(ts).matching(pattern([]string{"*"}))
		ts.Fatalf("asked %d times, want %d; all requests: %v", len(visits), want, all)
	}
}

func (v visit) String() string { return "\n  " + v.what }

func await(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 3, "await N METHOD URL")
	which, want, late := pattern(args[1:]), whole(ts, args[0]), time.After(fuse)
	for {
		visits, more := stageOf(ts).matching(which)
		if len(visits) >= want {
			return
		}
		select {
		case <-more:
		case <-late:
			ts.Fatalf("asked %d times within %s, want %d", len(visits), fuse, want)
		}
	}
}

func peak(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 1, "peak N")
	st := stageOf(ts)
	st.mu.Lock()
	defer st.mu.Unlock()
	if want := whole(ts, args[0]); st.peak != want {
		ts.Fatalf("%d requests at once, want %d", st.peak, want)
	}
}

func release(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 1, "release NAME")
	close(stageOf(ts).gate(args[0]))
}

func notBefore(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 3 && !st.marked.IsZero(), "notbefore SPAN METHOD URL, after mark")
	span, err := time.ParseDuration(args[0])
	ts.Check(err)
	visits, _ := st.matching(pattern(args[1:]))
	needs(ts, len(visits) > 0, "notbefore, after a request")
	for _, v := range visits {
		if came := v.at.Sub(st.marked); came > 0 && came < span {
			ts.Fatalf("%s came after %s, may not before %s", v.what, came, span)
		}
	}
}

func passed(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 1 && !st.marked.IsZero(), "passed SPAN, after mark")
	span, err := time.ParseDuration(args[0])
	ts.Check(err)
	if took := time.Since(st.marked); took < span {
		ts.Fatalf("%s have passed, want at least %s", took, span)
	}
}

// resident looks at the most memory that the program in the background has had at once, as Linux counts it.
func resident(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 1 && st.program != nil, "resident MIB, after start")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", st.program.Process.Pid))
	ts.Check(err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	needs(ts, found != nil, "resident MIB, on Linux")
	most, got := whole(ts, args[0]), whole(ts, string(found[1]))>>10
	ts.Logf("%d MiB resident", got)
	if got > most {
		ts.Fatalf("%d MiB resident, want at most %d", got, most)
	}
}

func mark(ts *testscript.TestScript, _ bool, _ []string) { stageOf(ts).marked = time.Now() }

func paced(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 3 && !st.marked.IsZero(), "paced SPAN METHOD URL, after mark")
	span, err := time.ParseDuration(args[0])
	ts.Check(err)
	visits, _ := st.matching(pattern(args[1:]))
	needs(ts, len(visits) > 1, "paced, after two requests at least")
	for n, v := range visits {
		if came, earliest := v.at.Sub(st.marked), time.Duration(n)*span; came < earliest {
			ts.Fatalf("request %d came after %s, may not before %s", n, came, earliest)
		}
	}
}
