package cmd_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestPushFromPipe: a line of a pipe is in the stream before the next one comes, and a signal ends the wait for that.
func TestPushFromPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no signals")
	}
	redis := serveRedis(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	push, stderr := exec.Command(self), new(bytes.Buffer)
	push.Args = []string{"batchfetch", "push", "redis://" + redis + "/0/jobs", "-"}
	push.Env, push.Stderr = append(os.Environ(), "GORACE=atexit_sleep_ms=0"), stderr
	lines, err := push.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lines.Close() }() // only read
	if err := push.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- push.Wait() }()
	_, _ = io.WriteString(lines, "http://127.0.0.1/a\nno URL\n")
	for deadline := time.Now().Add(time.Minute); lengthOf(t, redis, "jobs") == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = push.Process.Kill()
			t.Fatal("the line is not in the stream while the pipe is quiet")
		}
	}
	if err := push.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended: // by the signal
	case <-time.After(time.Minute):
		_ = push.Process.Kill()
	}
	if want := `{"type":"push","pushed":1,"invalid":1,"exit_code":130}`; !strings.Contains(stderr.String(), want) {
		t.Errorf("says %s, want %s", stderr, want)
	}
}

// lengthOf returns how many entries a stream has.
func lengthOf(t *testing.T, redis, stream string) (n int) {
	t.Helper()
	c, err := net.Dial("tcp", redis)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // only read
	_, _ = fmt.Fprintf(c, "XLEN %s\r\n", stream)
	if _, err := fmt.Fscanf(c, ":%d\r\n", &n); err != nil {
		t.Fatal(err)
	}
	return n
}
