package cmd_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// An origin is the servers on loopback that a script fetches from, with one log of their requests.
type origin struct {
	closed  chan struct{} // ends every handler
	servers []*httptest.Server
	http3   []*http3Server

	mu          sync.Mutex
	requests    []loggedRequest
	logged      chan struct{}            // closed and replaced at each request
	tries       map[string]int           // by path and query
	texts       map[string]string        // of /news/NAME, by name
	failing     map[string]bool          // of /news/NAME
	gates       map[string]chan struct{} // of /hold/NAME
	barriers    map[int]*barrier         // of /meet/N
	inFlight    int
	maxInFlight int
}

// A loggedRequest is a request and when it arrived.
type loggedRequest struct {
	at   time.Time
	text string // METHOD URL
}

// A barrier blocks requests until a number of them have arrived.
type barrier struct {
	arrived int
	full    chan struct{}
}

func newOrigin() *origin {
	return &origin{
		closed: make(chan struct{}), logged: make(chan struct{}), tries: make(map[string]int),
		texts: make(map[string]string), failing: make(map[string]bool),
		gates: make(map[string]chan struct{}), barriers: make(map[int]*barrier),
	}
}

// serve starts one more server and returns it.
func (o *origin) serve(listener net.Listener, secure bool) *httptest.Server {
	server := &httptest.Server{Listener: listener, Config: new(http.Server)}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	server.Config.Handler = o.logRequests(scheme, o.pages())
	server.Config.ErrorLog = discardLog()
	if secure {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	o.servers = append(o.servers, server)
	return server
}

func (o *origin) close() {
	close(o.closed)
	for _, server := range o.http3 {
		server.stop()
	}
	for _, server := range o.servers {
		server.CloseClientConnections()
		server.Close()
	}
}

// logRequests logs each request before pages answers it, and counts those in flight.
func (o *origin) logRequests(scheme string, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.requests = append(o.requests, loggedRequest{time.Now(), r.Method + " " + scheme + "://" + r.Host + r.RequestURI})
		o.inFlight++
		o.maxInFlight = max(o.maxInFlight, o.inFlight)
		close(o.logged)
		o.logged = make(chan struct{})
		o.mu.Unlock()
		defer func() {
			o.mu.Lock()
			o.inFlight--
			o.mu.Unlock()
		}()
		pages.ServeHTTP(w, r)
	})
}

// first reports whether this is one of the first n requests for its URL; n is in the path.
func (o *origin) first(r *http.Request) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tries[r.RequestURI]++
	return o.tries[r.RequestURI] <= number(r, "n")
}

// gate returns the channel that blocks the requests for /hold/name until it is closed.
func (o *origin) gate(name string) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gates[name] == nil {
		o.gates[name] = make(chan struct{})
	}
	return o.gates[name]
}

// arrive counts a request at the barrier of n, and returns the channel that is closed when n have arrived.
func (o *origin) arrive(n int) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.barriers[n]
	if b == nil {
		b = &barrier{full: make(chan struct{})}
		o.barriers[n] = b
	}
	if b.arrived++; b.arrived == n {
		close(b.full)
		delete(o.barriers, n)
	}
	return b.full
}

// wait waits for until, and returns false if the client or the origin has closed before.
func (o *origin) wait(r *http.Request, until <-chan struct{}) bool {
	select {
	case <-until:
		return true
	case <-r.Context().Done():
	case <-o.closed:
	}
	return false
}
