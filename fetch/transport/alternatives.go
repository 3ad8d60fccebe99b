package transport

import (
	"context"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/transport/altsvc"
)

// An AltStore keeps the alternative services of origins from run to run. Any goroutine may use it.
type AltStore interface {
	// Load returns what was kept for an origin; false is nothing.
	Load(ctx context.Context, origin string) (KeptAlternatives, bool)
	// Save keeps it, in place of what was kept before.
	Save(ctx context.Context, origin string, kept KeptAlternatives)
}

// KeptAlternatives is an Alt-Svc field (RFC 7838 section 3) as it came.
type KeptAlternatives struct {
	Value      string    // the field's; "" is none any more
	Made       time.Time // when the response was made that had it
	PublicOnly bool      // it came from a public address, and so may name such alone
	Moved      bool      // the machine may be in another network since: what does not persist has no meaning
}

// alternatives is what is known of places that serve origins over HTTP/3. Any goroutine may use it.
type alternatives struct {
	store AltStore    // nil keeps nothing
	any   atomic.Bool // byOrigin has had an origin

	mu       sync.Mutex // guards all below
	byOrigin map[string]*alternative
}

// maxAlternatives bounds the origins in alternatives; about 200 bytes each.
const maxAlternatives = 4096

// An alternative is what is known of one origin. Guarded by alternatives.mu.
type alternative struct {
	saved      string    // the field that the store has from here
	savedAt    time.Time // zero: it has none
	services   []altService
	publicOnly bool
	dialedAt   time.Time // when the dial under way began; zero: none is
}

// An altService is a service with HTTP/3.
type altService struct {
	host        string // "" is the origin's
	port        uint16
	expires     time.Time
	brokenUntil time.Time     // it has not answered lately, and is not asked
	brokenFor   time.Duration // how long it was given then
}

// A service that has not answered is not asked for brokenTime, and twice as long each time again, up to maxBrokenTime.
const brokenTime, maxBrokenTime = 5 * time.Minute, time.Hour

// has reports whether an origin has a service that may be asked over HTTP/3, whether or not it has answered lately. It
// looks at what was kept from earlier runs at the first call for an origin.
func (a *alternatives) has(ctx context.Context, origin string, now time.Time) bool {
	if a.store == nil && !a.any.Load() {
		return false
	}
	a.mu.Lock()
	known := a.byOrigin[origin]
	if known == nil && a.store != nil {
		a.add(origin, new(alternative)) // others do not wait for it
		a.mu.Unlock()
		if kept, is := a.store.Load(ctx, origin); is {
			a.set(origin, kept, now)
		}
		a.mu.Lock()
		known = a.byOrigin[origin]
	}
	defer a.mu.Unlock()
	return known != nil && slices.ContainsFunc(known.services, func(s altService) bool { return s.expires.After(now) })
}

// add adds an origin. mu is held.
func (a *alternatives) add(origin string, known *alternative) {
	if len(a.byOrigin) >= maxAlternatives {
		clear(a.byOrigin)
	}
	if a.byOrigin == nil {
		a.byOrigin = make(map[string]*alternative)
		a.any.Store(true)
	}
	a.byOrigin[origin] = known
}

// set replaces what is known of an origin. A service that stays keeps whether it has answered.
func (a *alternatives) set(origin string, kept KeptAlternatives, now time.Time) {
	named, _ := altsvc.Parse([]string{kept.Value})
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.byOrigin[origin]
	if known == nil {
		if len(named) == 0 {
			return
		}
		known = new(alternative)
		a.add(origin, known)
	}
	before := known.services
	known.publicOnly, known.services = kept.PublicOnly, nil
	for _, s := range named {
		expires := kept.Made.Add(s.MaxAge)
		if s.Protocol != "h3" || !expires.After(now) || kept.Moved && !s.Persist {
			continue
		}
		service := altService{host: s.Host, port: s.Port, expires: expires}
		for _, same := range before {
			if same.host == s.Host && same.port == s.Port {
				service.brokenUntil, service.brokenFor = same.brokenUntil, same.brokenFor
			}
		}
		known.services = append(known.services, service)
	}
}

// An altAddress is where a service of an origin is.
type altAddress struct {
	addr       string // host:port
	used       string // the Alt-Used header field of requests (RFC 7838 section 5)
	publicOnly bool   // only a public address may be connected to
}

// beginDial returns where an origin, host:port of which is own, may be asked over HTTP/3, in the order in which it is
// to be tried. It is followed by endDial.
func (a *alternatives) beginDial(origin, own string, now time.Time) (where []altAddress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.byOrigin[origin]
	if known == nil {
		return nil
	}
	known.dialedAt = now
	for _, s := range known.services {
		if s.expires.After(now) && !s.brokenUntil.After(now) {
			where = append(where, altAddress{s.addr(own), s.used(own), known.publicOnly})
		}
	}
	return where
}

// addr returns host:port of a service of the origin that is at own.
func (s *altService) addr(own string) string {
	host := s.host
	if host == "" {
		host, _, _ = net.SplitHostPort(own) // it is host:port
	}
	return net.JoinHostPort(host, strconv.Itoa(int(s.port)))
}

// used returns the Alt-Used header field of requests to the service.
func (s *altService) used(own string) string {
	return strings.TrimSuffix(s.addr(own), ":443")
}

// endDial notes that a dial which beginDial began has ended. Those of the addresses that failed are broken.
func (a *alternatives) endDial(origin, own string, failed []altAddress, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.byOrigin[origin]
	if known == nil {
		return
	}
	known.dialedAt = time.Time{}
	for i := range known.services {
		s := &known.services[i]
		isFailed := func(f altAddress) bool { return f.addr == s.addr(own) }
		if slices.ContainsFunc(failed, isFailed) {
			s.breakFor(now)
		}
	}
}

// breakFor notes that a service has not answered.
func (s *altService) breakFor(now time.Time) {
	s.brokenFor = min(max(2*s.brokenFor, brokenTime), maxBrokenTime)
	s.brokenUntil = now.Add(s.brokenFor)
}

// dialTime returns for how long a dial to an origin has been under way; 0 is none.
func (a *alternatives) dialTime(origin string, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.byOrigin[origin]
	if known == nil || known.dialedAt.IsZero() {
		return 0
	}
	return now.Sub(known.dialedAt)
}

// mayDial reports whether there is a service that has not failed lately.
func (a *alternatives) mayDial(origin string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.byOrigin[origin]
	return known != nil && slices.ContainsFunc(known.services, func(s altService) bool {
		return s.expires.After(now) && !s.brokenUntil.After(now)
	})
}

// breakAll notes that no service of an origin is to be asked for a while.
func (a *alternatives) breakAll(origin string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.byOrigin[origin]; known != nil {
		for i := range known.services {
			known.services[i].breakFor(now)
		}
	}
}

// saveAgain is how often a field that has not changed is saved again, for its age.
const saveAgain = time.Hour

// learn takes note of the Alt-Svc field of a response, if there is one.
func (a *alternatives) learn(ctx context.Context, origin string, h http.Header, publicOnly bool, now time.Time) {
	values := h["Alt-Svc"]
	if len(values) == 0 {
		return
	}
	kept := KeptAlternatives{Value: strings.Join(values, ","), Made: now, PublicOnly: publicOnly}
	if age, ok := ParseCount(h.Get("Age")); ok {
		kept.Made = now.Add(-time.Duration(min(age, math.MaxInt32)) * time.Second)
	}
	if _, none := altsvc.Parse(values); none {
		kept.Value = ""
	}
	a.set(origin, kept, now)
	if a.store == nil {
		return
	}
	a.mu.Lock()
	known := a.byOrigin[origin]
	isDue := known != nil && (known.savedAt.IsZero() || now.Sub(known.savedAt) >= saveAgain || known.saved != kept.Value)
	if isDue {
		known.savedAt, known.saved = now, kept.Value
	}
	a.mu.Unlock()
	if isDue {
		a.store.Save(ctx, origin, kept)
	}
}
