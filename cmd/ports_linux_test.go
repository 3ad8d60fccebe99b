package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/nettest/netns"
)

// TestFewLocalPorts: where there are fewer local ports than exchanges at once, requests of any method wait for one.
// None fails, no attempt is spent, and there is one warning.
func TestFewLocalPorts(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		netns.Sysctl(t, "net.ipv4.ip_local_port_range", "40000 40007")
		netns.Sysctl(t, "net.ipv4.tcp_tw_reuse", "0")
		listener, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		const ports = 8
		var requests atomic.Int32
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if requests.Add(1) <= ports {
				time.Sleep(2500 * time.Millisecond) // no port is free for so long
			}
			_, _ = io.WriteString(w, "ok")
		})}
		t.Cleanup(func() { _ = server.Close() })
		go func() { _ = server.Serve(listener) }()

		const hosts, all = 6, 150
		var lines strings.Builder
		for i := range all {
			method := [...]string{"GET", "POST"}[i/hosts%2]
			fmt.Fprintf(&lines, `{"url":"http://h%d.localhost/%d","method":"%s"}`+"\n", i%hosts, i, method)
		}
		command := exec.Command("batchfetch", "--host-max-errors", "1", "--retries", "0", "-j", "50", "-4")
		command.Stdin = strings.NewReader(lines.String())
		stdout, stderr := new(bytes.Buffer), new(bytes.Buffer)
		command.Stdout, command.Stderr = stdout, stderr
		if err := command.Run(); err != nil {
			t.Errorf("%v: %s", err, stderr)
		}
		good := 0
		for line := range strings.Lines(stdout.String()) {
			var record struct{ Status, Attempts int }
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if record.Status == http.StatusOK && record.Attempts == 1 {
				good++
			}
		}
		if good != all {
			t.Errorf("%d of %d succeeded with one attempt: %s", good, all, stdout)
		}
		if n := strings.Count(stderr.String(), "no local port is free"); n != 1 {
			t.Errorf("%d warnings: %s", n, stderr)
		}
	})
}

// TestNoLocalAddress: an address that the machine has no way to is no lack of ports, though the system says the same.
func TestNoLocalAddress(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		if _, err := os.Stat("/proc/sys/net/ipv6"); err != nil {
			t.Skip("no IPv6 here: ", err)
		}
		netns.Sysctl(t, "net.ipv6.conf.all.disable_ipv6", "1")
		command := exec.Command("batchfetch", "--retries", "0", "http://[::1]/")
		output, err := command.CombinedOutput()
		if err == nil || !bytes.Contains(output, []byte(`"kind":"connect"`)) ||
			!bytes.Contains(output, []byte("cannot assign requested address")) {
			t.Errorf("%v: %s", err, output)
		}
	})
}
