package fetch

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// TestUnixSocket checks that every host is requested over the socket by its own name, and that --private does not
// apply.
func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "s") // the path of a socket has at most about a hundred bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	page := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/go" {
			http.Redirect(w, r, "http://10.0.0.1/end", http.StatusFound)
			return
		}
		_, _ = fmt.Fprint(w, r.Host, r.URL.Path)
	}
	path := filepath.Join(dir, "app.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no such sockets here: %v", err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(page)}}
	server.Start()
	t.Cleanup(server.Close)
	for _, rule := range []dial.Policy{dial.PrivateAllow, dial.PrivateRedirects, dial.PrivateDeny} {
		o := noRetryOptions(func(o *Options) { o.UnixSocket, o.Private = path, rule })
		s := runIn(t, o, testNetwork(t, nil), "http://a.test/x", "http://missing.test:8080/go", "http://127.0.0.1/")
		got := slices.Sorted(slices.Values(s.bodies))
		if !slices.Equal(got, []string{"10.0.0.1/end", "127.0.0.1/", "a.test/x"}) {
			t.Errorf("%s: got %s: %q", rule, s.kinds(), got)
		}
		for _, r := range s.records {
			if r.RemoteAddr != path {
				t.Errorf("from %q", r.RemoteAddr)
			}
		}
	}
	r, _ := runOne(t, "http://a.test/", noRetryOptions(func(o *Options) { o.UnixSocket = path + "x" }))
	if kindOf(r) != failure.Connect || r.Failure.Error() != "connecting to "+path+"x: no such file or directory" {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}
