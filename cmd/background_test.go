package cmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// An outputBuffer collects what a running program writes.
type outputBuffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed and replaced at each write
}

func (b *outputBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.written)
	b.written = make(chan struct{})
	return b.text.Write(p)
}

// snapshot returns the text so far, and a channel that is closed at the next write.
func (b *outputBuffer) snapshot() (string, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String(), b.written
}

// expectCode ends a script where err is not that of a program with the exit code wanted.
func expectCode(ts *testscript.TestScript, want int, err error) {
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
		if status, isUnix := exit.Sys().(interface {
			Signaled() bool
			Signal() syscall.Signal
		}); isUnix && status.Signaled() {
			got = 128 + int(status.Signal()) // as in a shell
		}
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d (%v), want %d", got, err, want)
	}
}

// runExpectingCode is the command exits.
func runExpectingCode(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) > 1, "exits CODE PROGRAM ARG...")
	expectCode(ts, atoi(ts, args[0]), ts.Exec(args[1], args[2:]...))
}

// startProgram is the command start.
func startProgram(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) > 0 && env.program == nil, "start PROGRAM ARG..., one at a time")
	env.program = exec.Command(args[0], args[1:]...)
	env.program.Dir = ts.MkAbs(".")
	env.program.Env = environment(ts)
	env.stdout = outputBuffer{written: make(chan struct{})}
	env.stderr = outputBuffer{written: make(chan struct{})}
	env.program.Stdout, env.program.Stderr = &env.stdout, &env.stderr
	stdin, err := env.program.StdinPipe()
	ts.Check(err)
	env.stdin = stdin
	ts.Check(env.program.Start())
	env.programDone = make(chan error, 1)
	go func() { env.programDone <- env.program.Wait() }()
}

// environment returns the variables of a program in the background.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "HOME", "TMPDIR", "WORK", "GORACE", "TERM", "BATCHFETCH_RESOLVE", "REDISCLI_AUTH",
	} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// feedStdin is the command feed.
func feedStdin(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 1 && env.program != nil, "feed FILE, after start")
	_, err := io.WriteString(env.stdin, ts.ReadFile(args[0]))
	ts.Check(err)
}

// awaitOutput is the command says.
func awaitOutput(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	output := &env.stderr
	if len(args) > 0 && args[0] == "-stdout" {
		output, args = &env.stdout, args[1:]
	}
	requireUsage(ts, !neg && len(args) == 1 && env.program != nil, "says [-stdout] TEXT, after start")
	late := time.After(scriptTimeout)
	for {
		text, written := output.snapshot()
		if strings.Contains(text, args[0]) {
			return
		}
		select {
		case <-written:
		case <-late:
			ts.Fatalf("%q not said within %s, but %q", args[0], scriptTimeout, text)
		}
	}
}

// closeStdin is the command shut.
func closeStdin(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 0 && env.program != nil, "shut, after start")
	ts.Check(env.stdin.Close())
}

// sendSignal is the command signal.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 1 && env.program != nil, "signal NAME, after start")
	which, known := map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "QUIT": syscall.SIGQUIT,
		"SEGV": syscall.SIGSEGV, "HUP": syscall.SIGHUP,
	}[args[0]]
	requireUsage(ts, known, "signal INT|TERM|HUP|KILL|QUIT|SEGV")
	ts.Check(env.program.Process.Signal(which))
}

// awaitEnd is the command ends.
func awaitEnd(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 1 && env.program != nil, "ends CODE, after start")
	select {
	case err := <-env.programDone:
		env.program = nil
		_, _ = ts.Stdout().Write(env.stdout.text.Bytes()) // a Buffer returns no error
		_, _ = ts.Stderr().Write(env.stderr.text.Bytes())
		expectCode(ts, atoi(ts, args[0]), err)
	case <-time.After(scriptTimeout):
		ts.Fatalf("still running after %s", scriptTimeout)
	}
}

// expectResident is the command resident: it reads the peak resident set of the program in the background, on Linux.
func expectResident(ts *testscript.TestScript, neg bool, args []string) {
	env := scriptEnvOf(ts)
	requireUsage(ts, !neg && len(args) == 1 && env.program != nil, "resident MIB, after start")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", env.program.Process.Pid))
	ts.Check(err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	requireUsage(ts, found != nil, "resident MIB, on Linux")
	most, got := atoi(ts, args[0]), atoi(ts, string(found[1]))>>10
	ts.Logf("%d MiB resident", got)
	if got > most {
		ts.Fatalf("%d MiB resident, want at most %d", got, most)
	}
}
