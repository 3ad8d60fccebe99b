package fetch

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestHostThatCountsOpenConnections runs 20 pages of a server that refuses the requests over all connections while more
// than three are open, and keeps them, as HAProxy 2.6 does by "http-request deny deny_status 429 if { sc_conn_cur(0) gt
// 3 }" (and 503). Those that no request used were too many for ever: of 300 pages 31 came in 45 s, or 5.
func TestHostThatCountsOpenConnections(t *testing.T) {
	for _, status := range []int{429, 503, 403} {
		var open, refused atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if open.Load() > 3 {
				refused.Add(1)
				w.WriteHeader(status)
			}
			time.Sleep(2 * time.Millisecond)
		}))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed:
				open.Add(-1)
			}
		}
		server.Start()
		o := options(func(o *Options) {
			o.HostConcurrency, o.RetryDelay = 10, time.Millisecond
			if status == 403 { // Squid 5.7, maxconn
				o.ThrottleOn = judge.Statuses{{403, 403}}
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		s, err := Run(ctx, urls(20, server.URL), &recorder{}, *o)
		cancel()
		server.Close()
		if err != nil || s.Succeeded < 19 || refused.Load() > 40 {
			t.Errorf("%d: %d succeeded, %d refused; %+v, %v", status, s.Succeeded, refused.Load(), s, err)
		}
	}
}

// TestAcceptedRefusalsKeepConnections: where 503 is a success, as in a check of links that allows for it, connections
// carry the next requests: each page had one of its own, and 3,000 over TLS took 5.4 s in place of 2.
func TestAcceptedRefusalsKeepConnections(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	defer server.Close()
	o := options(func(o *Options) { o.HostConcurrency, o.AcceptStatus = 2, judge.Statuses{{200, 299}, {503, 503}} })
	s, err := Run(t.Context(), urls(20, server.URL), &recorder{}, *o)
	if err != nil || s.Succeeded != 20 || s.ConnectionsMade > 4 {
		t.Errorf("%d succeeded, over %d connections: %+v, %v", s.Succeeded, s.ConnectionsMade, s, err)
	}
}
