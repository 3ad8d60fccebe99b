package cmd_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// An origin is what the scripts fetch from: real servers on loopback that share one log of what they were asked.
type origin struct {
	closed  chan struct{} // lets every handler go
	servers []*httptest.Server

	mu       sync.Mutex
	visits   []visit
	came     chan struct{} // closed and replaced at each visit
	tries    map[string]int
	texts    map[string]string // of the news
	failing  map[string]bool
	gates    map[string]chan struct{}
	meetings map[int]*meeting
	inFlight int
	peak     int
}

// A visit is one request as a server saw it.
type visit struct {
	at   time.Time
	what string // METHOD URL
}

// A meeting lets its guests go once enough of them are there.
type meeting struct {
	guests int
	full   chan struct{}
}

func newOrigin() *origin {
	return &origin{closed: make(chan struct{}), came: make(chan struct{}), tries: make(map[string]int), texts: make(map[string]string), failing: make(map[string]bool),
		gates: make(map[string]chan struct{}), meetings: make(map[int]*meeting)}
}

// serve starts one more server and returns it.
func (o *origin) serve(listener net.Listener, secure bool) *httptest.Server {
	server := &httptest.Server{Listener: listener, Config: new(http.Server)}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	server.Config.Handler = o.logged(scheme, o.pages())
	server.Config.ErrorLog = silent()
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
	for _, server := range o.servers {
		server.CloseClientConnections()
		server.Close()
	}
}

// logged notes each request as it comes, and how many are there at once.
func (o *origin) logged(scheme string, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.visits = append(o.visits, visit{time.Now(), r.Method + " " + scheme + "://" + r.Host + r.RequestURI})
		o.inFlight++
		o.peak = max(o.peak, o.inFlight)
		close(o.came)
		o.came = make(chan struct{})
		o.mu.Unlock()
		defer func() {
			o.mu.Lock()
			o.inFlight--
			o.mu.Unlock()
		}()
		pages.ServeHTTP(w, r)
	})
}

// first reports whether this is one of the first n requests for its URL.
func (o *origin) first(r *http.Request) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tries[r.RequestURI]++
	return o.tries[r.RequestURI] <= number(r, "n")
}

// gate returns what holds the requests for /hold/name back until it is closed.
func (o *origin) gate(name string) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gates[name] == nil {
		o.gates[name] = make(chan struct{})
	}
	return o.gates[name]
}

// meet returns what holds requests back until n of them are there.
func (o *origin) meet(n int) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := o.meetings[n]
	if m == nil {
		m = &meeting{full: make(chan struct{})}
		o.meetings[n] = m
	}
	if m.guests++; m.guests == n {
		close(m.full)
		delete(o.meetings, n)
	}
	return m.full
}

// wait returns false where the client or the whole server went away first.
func (o *origin) wait(r *http.Request, until <-chan struct{}) bool {
	select {
	case <-until:
		return true
	case <-r.Context().Done():
	case <-o.closed:
	}
	return false
}
