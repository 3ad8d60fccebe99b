package transport

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport/h3"
)

// TestAlternative: an origin that names a place with HTTP/3 is asked there from then on, and told so; until it says
// otherwise.
func TestAlternative(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	o.serveHTTP3(t, socket, o.answer)
	transport := http3Transport(t, nil)
	steps := []struct{ altSvc, path, want string }{
		{`h3=":` + itoa(portOf(socket)) + `"`, "/", "HTTP/2.0"},
		{`h3=":` + itoa(portOf(socket)) + `"`, "/", "HTTP/3.0"},
		{`h3=":` + itoa(portOf(socket)) + `"`, "/silent", "HTTP/3.0"},
		{`h3=":` + itoa(portOf(socket)) + `"; ma=0`, "/", "HTTP/3.0"}, // said over it
		{`h3="localhost:` + itoa(portOf(socket)) + `"; persist=1`, "/", "HTTP/2.0"},
		{`clear`, "/", "HTTP/3.0"},
		{`h3-29=":` + itoa(portOf(socket)) + `", h2=":1"`, "/", "HTTP/2.0"},
		{`h3=nonsense`, "/", "HTTP/2.0"},
		{`clear`, "/", "HTTP/2.0"},
	}
	for i, step := range steps {
		o.names("%s", step.altSvc)
		if got := get(t, transport, o.url+step.path); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
}

// TestAlternativeIsTold: a request to an alternative says so (RFC 7838 section 5), and the certificate is the origin's.
func TestAlternativeIsTold(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	used := make(chan string, 1)
	o.serveHTTP3(t, socket, func(w http.ResponseWriter, r *http.Request) {
		used <- r.Host + " " + r.Header.Get("Alt-Used")
		o.answer(w, r)
	})
	o.names(`h3="localhost:%d"`, portOf(socket))
	transport := http3Transport(t, nil)
	get(t, transport, o.url)
	get(t, transport, o.url)
	if got, want := <-used, strings.TrimPrefix(o.url, "https://")+" localhost:"+itoa(portOf(socket)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestBrokenAlternative: one that does not answer costs no exchange, and little time; and it is not asked again soon.
func TestBrokenAlternative(t *testing.T) {
	o := startTwo(t)
	closed := listenUDP(t, 0)
	_ = closed.Close()
	silent := listenUDP(t, 0)
	good := listenUDP(t, 0)
	o.serveHTTP3(t, good, o.answer)
	for _, tt := range []struct {
		name  string
		ports []int
		want  string // of the second exchange
	}{
		{"a closed port", []int{portOf(closed)}, "HTTP/2.0"},
		{"silence", []int{portOf(silent)}, "HTTP/2.0"},
		{"no version in common", []int{versionless(t)}, "HTTP/2.0"},
		{"a closed port, then a good one", []int{portOf(closed), portOf(good)}, "HTTP/3.0"},
	} {
		var services []string
		for _, port := range tt.ports {
			services = append(services, `h3=":`+itoa(port)+`"`)
		}
		o.names("%s", strings.Join(services, ", "))
		transport := http3Transport(t, func(c *Config) {
			if tt.name == "silence" {
				c.Dial.Timeouts = func(string) (connect, exchange time.Duration) { return 4 * time.Second, 0 }
			}
		})
		if tt.name == "silence" {
			transport.direct.(*alternating).headStart = headStart
		}
		get(t, transport, o.url)
		began := time.Now()
		if got := get(t, transport, o.url); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
		if took := time.Since(began); took > 30*headStart {
			t.Errorf("%s: it took %v", tt.name, took)
		}
		nettest.Eventually(t, tt.name, func() bool {
			s := alternativeOf(transport, o.url)
			return s.brokenFor == brokenTime && s.brokenUntil.After(time.Now())
		})
		if got := get(t, transport, o.url); got != tt.want {
			t.Errorf("%s, again: %s", tt.name, got)
		}
	}
}

// TestLateAlternative: a connection that comes later than it is waited for is used by the next exchange.
func TestLateAlternative(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	o.names(`h3=":%d"`, portOf(socket))
	transport := http3Transport(t, nil)
	transport.direct.(*alternating).headStart = headStart
	for range 3 {
		if got := get(t, transport, o.url); got != "HTTP/2.0" {
			t.Errorf("before there is a server: %s", got)
		}
	}
	o.serveHTTP3(t, socket, o.answer) // the packets of the handshake wait in the socket
	nettest.Eventually(t, "HTTP/3", func() bool { return get(t, transport, o.url) == "HTTP/3.0" })
}

// TestUnfitAlternative: what the alternative says that it can't do is asked over TCP, and so is what follows.
func TestUnfitAlternative(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		says         func(c fakeConn)
		first, next  string
	}{
		{"misdirected", "POST", func(c fakeConn) {
			if stream := nextStream(c); stream != nil {
				_, _ = stream.Write([]byte{1, 8, 0, 0, 0x5f, 9, 3, '4', '2', '1'})
				_ = stream.Close()
			}
		}, "HTTP/2.0", "HTTP/2.0"},
		{"fallback", "GET", func(c fakeConn) {
			if stream := nextStream(c); stream != nil {
				resetStream(stream, h3.VersionFallback)
			}
		}, "HTTP/1.1", "HTTP/1.1"},
		{"fallback of what may not be repeated", "POST", func(c fakeConn) {
			if stream := nextStream(c); stream != nil {
				resetStream(stream, h3.VersionFallback)
			}
		}, "the server wants to be asked in HTTP/1.1: H3_VERSION_FALLBACK (HTTP/3 error code 0x110); connected, no answer " +
			"had arrived", "HTTP/1.1"},
		{"nonsense", "GET", func(c fakeConn) {
			if stream := nextStream(c); stream != nil {
				_, _ = stream.Write([]byte{0, 1, 'x'})
			}
		}, "not a valid HTTP/3 answer: a DATA frame before the HEADERS (section 4.1); connected, no answer had arrived",
			"HTTP/2.0"},
	} {
		o := startTwo(t)
		port := o.serveFake3(t, func(_ int, c fakeConn) { tt.says(c) })
		o.names(`h3=":%d"`, port)
		transport := http3Transport(t, nil)
		get(t, transport, o.url)
		got, err := exchangeOver(t.Context(), transport, testTarget(t, tt.method, o.url, nil))
		if err != nil {
			got = err.Error()
		}
		if got != tt.first {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.first)
		}
		if got := get(t, transport, o.url); got != tt.next {
			t.Errorf("%s, the next one: %s, want %s", tt.name, got, tt.next)
		}
	}
}

// TestPrivateAlternative: an origin at a public address can't name a place at a private one, and one at a private
// address can.
func TestPrivateAlternative(t *testing.T) {
	for _, isPublic := range []bool{false, true} {
		o := startTwo(t)
		socket := listenUDP(t, 0)
		o.serveHTTP3(t, socket, o.answer)
		o.names(`h3=":%d"`, portOf(socket))
		transport := http3Transport(t, func(c *Config) { c.Private = dial.PrivateRedirects })
		get(t, transport, o.url)
		transport.alternatives.byOrigin[o.url].publicOnly = isPublic
		want := map[bool]string{false: "HTTP/3.0", true: "HTTP/2.0"}[isPublic]
		if got := get(t, transport, o.url+"/silent"); got != want {
			t.Errorf("public %v: %s", isPublic, got)
		}
	}
}

// A memoryAltStore is an AltStore in memory.
type memoryAltStore struct {
	mu    sync.Mutex
	kept  map[string]KeptAlternatives
	saved atomic.Int32
}

func (s *memoryAltStore) Load(_ context.Context, origin string) (KeptAlternatives, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, is := s.kept[origin]
	return kept, is
}

func (s *memoryAltStore) Save(_ context.Context, origin string, kept KeptAlternatives) {
	s.saved.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[origin] = kept
}

// TestKeptAlternatives: what one run has learned the next one knows, as long as it is fresh, and in another network
// only where it persists.
func TestKeptAlternatives(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	o.serveHTTP3(t, socket, o.answer)
	store := &memoryAltStore{kept: make(map[string]KeptAlternatives)}
	run := func() *Transport { return http3Transport(t, func(c *Config) { c.Alternatives = store }) }
	o.names(`h3=":%d"; ma=3600`, portOf(socket))
	first := run()
	get(t, first, o.url)
	get(t, first, o.url)
	if n := store.saved.Load(); n != 1 {
		t.Errorf("saved %d times", n)
	}
	if got := get(t, run(), o.url); got != "HTTP/3.0" {
		t.Errorf("in the next run: %s", got)
	}
	for _, tt := range []struct {
		name   string
		change func(*KeptAlternatives)
		want   string
	}{
		{"an old one", func(k *KeptAlternatives) { k.Made = k.Made.Add(-time.Hour) }, "HTTP/2.0"},
		{"in another network", func(k *KeptAlternatives) { k.Moved = true }, "HTTP/2.0"},
		{"one that persists there", func(k *KeptAlternatives) { k.Moved, k.Value = true, k.Value+";persist=1" }, "HTTP/3.0"},
		{"none", func(k *KeptAlternatives) { k.Value = "" }, "HTTP/2.0"},
	} {
		kept := store.kept[o.url]
		tt.change(&kept)
		store.kept[o.url] = kept
		if got := get(t, run(), o.url+"/silent"); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
		get(t, first, o.url) // saves nothing, as nothing has changed
		store.kept[o.url] = KeptAlternatives{Value: *o.altSvc.Load(), Made: time.Now()}
	}
	o.names("clear")
	get(t, first, o.url)
	if kept := store.kept[o.url]; kept.Value != "" {
		t.Errorf("after clear there is %+v", kept)
	}
}

// TestAge: what an answer from a cache names is as old as that says.
func TestAge(t *testing.T) {
	var a alternatives
	now := time.Now()
	a.learn(t.Context(), "https://a.test", http.Header{"Alt-Svc": {`h3=":1"; ma=100`}, "Age": {"60"}}, false, now)
	for after, want := range map[time.Duration]bool{39 * time.Second: true, 41 * time.Second: false} {
		if a.has(t.Context(), "https://a.test", now.Add(after)) != want {
			t.Errorf("after %v it is fresh: %v", after, !want)
		}
	}
}

// TestBrokenTime doubles with each failure, up to a bound, and a service that stays in the field stays broken.
func TestBrokenTime(t *testing.T) {
	var a alternatives
	const origin, own = "https://a.test", "a.test:443"
	now := time.Now()
	named := http.Header{"Alt-Svc": {`h3=":444", h3="b.test:443"`}}
	a.learn(t.Context(), origin, named, false, now)
	for _, want := range []time.Duration{5, 10, 20, 40, 60, 60} {
		where := a.beginDial(origin, own, now)
		if len(where) != 2 || where[0].addr != "a.test:444" || where[0].used != "a.test:444" || where[1].used != "b.test" {
			t.Fatalf("%+v", where)
		}
		a.endDial(origin, own, where[:1], now)
		a.learn(t.Context(), origin, named, false, now)
		if rest := a.beginDial(origin, own, now); len(rest) != 1 || rest[0].addr != "b.test:443" {
			t.Fatalf("after a failure: %+v", rest)
		}
		a.endDial(origin, own, nil, now)
		if now = now.Add(want*time.Minute - time.Second); len(a.beginDial(origin, own, now)) != 1 {
			t.Errorf("it is asked again before %d minutes", want)
		}
		now = now.Add(time.Second)
	}
}
