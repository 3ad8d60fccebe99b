package cmd_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// A countingOrigin is a server that counts its requests and its complete answers, by path and query.
type countingOrigin struct {
	*httptest.Server
	mu       sync.Mutex
	complete map[string]int
	tries    map[string]int
	arrived  chan struct{} // of capacity 1: a request has arrived
}

func newCountingOrigin() *countingOrigin {
	o := &countingOrigin{
		complete: make(map[string]int), tries: make(map[string]int), arrived: make(chan struct{}, 1),
	}
	o.Server = httptest.NewServer(o)
	return o
}

// forgetArrived empties arrived.
func (o *countingOrigin) forgetArrived() {
	select {
	case <-o.arrived:
	default:
	}
}

func (o *countingOrigin) successes() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, times := range o.complete {
		n += times
	}
	return n
}

func (o *countingOrigin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case o.arrived <- struct{}{}:
	default:
	}
	time.Sleep(rand.N(4 * time.Millisecond))
	kind, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	o.mu.Lock()
	o.tries[r.RequestURI]++
	tries := o.tries[r.RequestURI]
	o.mu.Unlock()
	body := "body of " + number + "\n"
	switch {
	case kind == "gone":
		w.WriteHeader(http.StatusGone)
		return
	case kind == "redirect":
		http.Redirect(w, r, "/small/"+number+"?"+r.URL.RawQuery, http.StatusFound)
		return
	case kind == "flaky" && tries%3 == 1:
		w.WriteHeader(http.StatusBadGateway)
		return
	case kind == "large":
		body = strings.Repeat(body, 3<<19/len(body))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if _, err := io.WriteString(w, body); err == nil {
		o.mu.Lock()
		o.complete[r.RequestURI]++
		o.mu.Unlock()
	}
}
