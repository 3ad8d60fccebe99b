package cmd_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/nettest/netns"
)

// A batch is a row of BenchmarkConnections: requests to hosts, in turns, that answer with a kept connection.
type batch struct {
	scheme   string
	hosts    int
	requests int // of all hosts together
	rtt      time.Duration
	names    bool // hosts are names of one address
}

func (b batch) String() string {
	kind := "hosts"
	if b.names {
		kind = "names of one address"
	}
	return fmt.Sprintf("%s, %d requests on %d %s, %v away", b.scheme, b.requests, b.hosts, kind, b.rtt)
}

// batches are the rows of BenchmarkConnections.
var batches = []batch{
	{"http", 50, 10_000, 0, false},
	{"http", 200, 10_000, 0, false},
	{"http", 200, 100_000, 0, true},
	{"http", 200, 2000, 100 * time.Millisecond, false},
	{"https", 200, 2000, 100 * time.Millisecond, false},
}

// BenchmarkConnections prints how long batches take, and how many connections they make, beside curl -Z at the same
// concurrency.
func BenchmarkConnections(b *testing.B) {
	for _, row := range batches {
		b.Run(row.String(), func(b *testing.B) {
			netns.Run(b, func(b *testing.B) { row.run(b) })
		})
	}
}

// A countingServer counts the connections that it accepts.
type countingServer struct{ accepted atomic.Int64 }

func (s *countingServer) serve(b *testing.B, listener net.Listener, config *tls.Config) {
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.accepted.Add(1)
			}
		},
		TLSConfig: config,
	}
	b.Cleanup(func() { _ = server.Close() })
	go func() {
		if config != nil {
			_ = server.ServeTLS(listener, "", "")
			return
		}
		_ = server.Serve(listener)
	}()
}

// run makes the requests of a batch by both programs, three times in turns.
func (row batch) run(b *testing.B) {
	s, addr := new(countingServer), func(n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 1, byte(n)}) }
	listen := func(port int) net.Listener {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	if row.rtt > 0 {
		link := netns.Connect(b, netns.Path{RTT: row.rtt})
		addr, listen = link.Addr, func(port int) net.Listener { return link.Listen(b, netip.Addr{}, port) }
	}
	s.serve(b, listen(80), nil)
	s.serve(b, listen(443), serverTLS(b))

	dir := b.TempDir()
	hosts := make([]string, row.hosts)
	var table strings.Builder
	for i := range hosts {
		if hosts[i] = addr(i + 1).String(); row.names {
			hosts[i] = fmt.Sprintf("h%d.test", i)
			fmt.Fprintf(&table, "%v %s\n", addr(1), hosts[i])
		}
	}
	netns.WriteFile(b, "/etc/hosts", table.String())
	var urls, config bytes.Buffer
	for i := range row.requests {
		url := fmt.Sprintf("%s://%s/%d", row.scheme, hosts[i%len(hosts)], i)
		fmt.Fprintln(&urls, url)
		fmt.Fprintf(&config, "url = \"%s\"\noutput = \"/dev/null\"\n", url)
	}
	list, settings := filepath.Join(dir, "urls"), filepath.Join(dir, "curl.cfg")
	for path, content := range map[string][]byte{list: urls.Bytes(), settings: config.Bytes()} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	summary := filepath.Join(dir, "summary.json")
	program := os.Getenv("BATCHFETCH_BENCH_BINARY")
	if program == "" {
		program = "batchfetch"
	}
	for range 3 {
		ours, oursTook := s.watch(b, program, "-j", "64", "-k", "--progress", "none", "--summary", summary, list)
		curl, curlTook := s.watch(b, "curl", "-q", "-s", "-k", "-Z", "--parallel-max", "64", "-K", settings)
		var result struct{ Failed int }
		if content, err := os.ReadFile(summary); err != nil || json.Unmarshal(content, &result) != nil {
			b.Error("no summary: ", err)
		}
		fmt.Printf("%s: batchfetch %d connections, %.2f s, %d failed; curl %d connections, %.2f s: %.2fx, %.2fx\n",
			row, ours, oursTook.Seconds(), result.Failed, curl, curlTook.Seconds(),
			float64(ours)/float64(curl), oursTook.Seconds()/curlTook.Seconds())
	}
}

// watch runs a program, and returns how many connections it made and how long it took.
func (s *countingServer) watch(b *testing.B, program string, args ...string) (connections int64, took time.Duration) {
	began := time.Now()
	before := s.accepted.Load()
	command := exec.Command(program, args...)
	stderr := new(bytes.Buffer)
	command.Stderr = stderr
	if err := command.Run(); err != nil {
		b.Logf("%s: %v: %.2000s", program, err, stderr)
	}
	return s.accepted.Load() - before, time.Since(began)
}

// serverTLS returns the configuration of a server for TLS with HTTP/1.1 alone.
func serverTLS(b *testing.B) *tls.Config {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	b.Cleanup(server.Close)
	return &tls.Config{Certificates: server.TLS.Certificates, NextProtos: []string{"http/1.1"}}
}
