package fetch

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/nettest"
)

// TestTiming checks that the Record of a first exchange has all its times, and that of a reused connection no times of
// connecting; and that a failure has them as far as the exchange came.
func TestTiming(t *testing.T) {
	url, o := startTLSServer(t, false, respondProtocol)
	o.KeepTiming, o.KeepHeader, o.Concurrency = true, true, 1
	var sink recorder
	if _, err := Run(t.Context(), linesOf(url, url), &sink, o); err != nil {
		t.Fatal(err)
	}
	first, second := sink.records[0], sink.records[1]
	if step := first.Timing; step == nil || step.Connect <= 0 || step.TLS <= 0 || step.FirstByte <= 0 || step.Body < 0 ||
		step.DNS > 0 || step.Attempt != 1 || !step.Connected || step.Reused {
		t.Errorf("first: %+v", first.Timing)
	}
	if step := second.Timing; step == nil || step.Connect >= 0 || step.TLS >= 0 || step.FirstByte <= 0 || !step.Reused {
		t.Errorf("second: %+v", second.Timing)
	}
	if first.Header.Get("Content-Length") != "8" || first.ContentType == "" {
		t.Errorf("header %v", first.Header)
	}
}

// TestTimingOfFailures: a failure has the times of the steps that were done, of its last attempt.
func TestTimingOfFailures(t *testing.T) {
	closed := nettest.Talk(t, func(c *net.TCPConn) { nettest.ReadRequest(c) })
	broken := strings.Replace(nettest.Talk(t, func(*net.TCPConn) {}), "http:", "https:", 1)
	for _, tt := range []struct {
		name, url                string
		connects, tls, connected bool
	}{
		{"no response", closed, true, false, true},
		{"no handshake", broken, true, false, false},
		{"no connection", "http://127.0.0.1:1/", false, false, false},
	} {
		r, _ := runOne(t, tt.url, *options(func(o *Options) {
			o.KeepTiming, o.Retries, o.RetryDelay = true, 2, time.Millisecond
		}))
		step := r.Timing
		if r.Failure == nil || step == nil || step.Attempt != 3 || step.Connect >= 0 != tt.connects ||
			step.TLS >= 0 != tt.tls || step.Connected != tt.connected || step.FirstByte >= 0 || step.Body >= 0 {
			t.Errorf("%s: got %+v, %v", tt.name, step, r.Failure)
		}
	}
}

// TestLogOfConnections: the log says of each exchange where it went, how long its steps took, and whether its
// connection was kept.
func TestLogOfConnections(t *testing.T) {
	var log bytes.Buffer
	url, o := startTLSServer(t, true, respondProtocol)
	o.Concurrency = 1
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var sink recorder
	if _, err := Run(t.Context(), linesOf(url, url), &sink, o); err != nil {
		t.Fatal(err)
	}
	if sink.records[0].Timing != nil {
		t.Error("a Record has times that were not asked for")
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	common := []string{" attempt=1 ", " protocol=HTTP/2.0 ", " remote_addr=" + strings.TrimPrefix(url, "https://") + " ",
		" first_byte_ms=", " body_ms="}
	for i, words := range [][]string{
		append([]string{" reused=false ", " connect_ms=", " tls_ms="}, common...),
		append([]string{" reused=true "}, common...),
	} {
		for _, word := range words {
			if !strings.Contains(lines[i]+" ", word) {
				t.Errorf("%q is not in %s", word, lines[i])
			}
		}
	}
	if strings.Contains(lines[1], "connect_ms") || strings.Contains(lines[1], "tls_ms") {
		t.Errorf("a kept connection was made: %s", lines[1])
	}
}
