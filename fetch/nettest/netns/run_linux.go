package netns

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// insideVariable is set in the process that Run starts.
const insideVariable = "BATCHFETCH_TEST_NETNS"

// tunDevice makes the devices of a Link.
const tunDevice = "/dev/net/tun"

// Run calls f in a process of its own, whose network and mount namespaces are new: this test binary again, with the
// calling test or benchmark alone. Before that it skips the test where such a process can't be started, and fails it
// where it fails there. The network has nothing but loopback until Connect. What the test does outside of f, both
// processes do.
func Run[T testing.TB](t T, f func(t T)) {
	t.Helper()
	if os.Getenv(insideVariable) != "" {
		if output, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Fatalf("loopback: %v: %s", err, output)
		}
		f(t)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := os.Stat(tunDevice); err != nil {
		t.Skip("there are no tun devices: ", err)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("iproute2 is not installed: ", err)
	}
	runtime.LockOSThread() // Pdeathsig comes when the thread ends that has started the process
	defer runtime.UnlockOSThread()
	command := exec.Command(os.Args[0], arguments(t)...)
	command.Env = append(os.Environ(), insideVariable+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL,
	}
	output := new(bytes.Buffer)
	command.Stdout, command.Stderr = output, output
	switch err := command.Run(); {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSPC):
		t.Skip("there are no network namespaces: ", err)
	case err != nil:
		t.Fatalf("%v in the namespace:\n%s", err, output)
	case bytes.Contains(output.Bytes(), []byte("--- SKIP: ")):
		t.Skipf("in the namespace:\n%s", output)
	}
	t.Logf("in the namespace:\n%s", output)
}

// arguments are those of a test binary that runs one test or benchmark alone.
func arguments(t testing.TB) []string {
	names := strings.Split(t.Name(), "/")
	for i, name := range names {
		names[i] = "^" + regexp.QuoteMeta(name) + "$"
	}
	name := strings.Join(names, "/")
	arguments := []string{"-test.v", "-test.run=" + name}
	if _, is := t.(*testing.B); is {
		arguments = []string{"-test.v", "-test.run=^$", "-test.bench=" + name, "-test.benchtime=1x"}
	}
	if test, is := t.(*testing.T); is {
		if deadline, has := test.Deadline(); has {
			arguments = append(arguments, "-test.timeout="+time.Until(deadline).String())
		}
	}
	return arguments
}

// Sysctl sets a setting of the client's network, as net.ipv4.ip_local_port_range, for the rest of the process. Within
// Link.Do it is the server's.
func Sysctl(t testing.TB, name, value string) {
	t.Helper()
	path := filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// WriteFile makes a file of the system that is there, as /etc/resolv.conf, have another content for the rest of the
// process and the programs that it starts. It may be called again for the same file.
func WriteFile(t testing.TB, path, content string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""),
		unix.Mount(name, path, "", unix.MS_BIND, ""),
	); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(path, unix.MNT_DETACH) })
}
