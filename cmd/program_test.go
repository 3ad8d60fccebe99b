package cmd_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A told is what a program has said so far.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and replaced at each write
}

func (t *told) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.more)
	t.more = make(chan struct{})
	return t.text.Write(p)
}

// soFar returns the text, and what is closed when there is more of it.
func (t *told) soFar() (string, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String(), t.more
}

// expectCode holds what became of a program against the exit code wanted.
func expectCode(ts *testscript.TestScript, want int, err error) {
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d (%v), want %d", got, err, want)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) > 1, "exits CODE PROGRAM ARG...")
	expectCode(ts, whole(ts, args[0]), ts.Exec(args[1], args[2:]...))
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) > 0 && st.program == nil, "start PROGRAM ARG..., one at a time")
	st.program = exec.Command(args[0], args[1:]...)
	st.program.Dir = ts.MkAbs(".")
	st.program.Env = environment(ts)
	st.stdout.Reset()
	st.stderr = told{more: make(chan struct{})}
	st.program.Stdout, st.program.Stderr = &st.stdout, &st.stderr
	stdin, err := st.program.StdinPipe()
	ts.Check(err)
	st.stdin = stdin
	ts.Check(st.program.Start())
	st.programEnds = make(chan error, 1)
	go func() { st.programEnds <- st.program.Wait() }()
}

// environment is what a script's programs see of it.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WORK", "GORACE"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

func feed(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 1 && st.program != nil, "feed FILE, after start")
	_, err := io.WriteString(st.stdin, ts.ReadFile(args[0]))
	ts.Check(err)
}

func says(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 1 && st.program != nil, "says TEXT, after start")
	late := time.After(fuse)
	for {
		text, more := st.stderr.soFar()
		if strings.Contains(text, args[0]) {
			return
		}
		select {
		case <-more:
		case <-late:
			ts.Fatalf("%q not said within %s", args[0], fuse)
		}
	}
}

func shut(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 0 && st.program != nil, "shut, after start")
	ts.Check(st.stdin.Close())
}

func signalled(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 1 && st.program != nil, "signal INT|TERM|KILL, after start")
	which, known := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[0]]
	needs(ts, known, "signal INT|TERM|KILL")
	ts.Check(st.program.Process.Signal(which))
}

func ends(ts *testscript.TestScript, neg bool, args []string) {
	st := stageOf(ts)
	needs(ts, !neg && len(args) == 1 && st.program != nil, "ends CODE, after start")
	select {
	case err := <-st.programEnds:
		st.program = nil
		_, _ = ts.Stdout().Write(st.stdout.Bytes()) // memory takes everything
		_, _ = ts.Stderr().Write(st.stderr.text.Bytes())
		expectCode(ts, whole(ts, args[0]), err)
	case <-time.After(fuse):
		ts.Fatalf("still running after %s", fuse)
	}
}
