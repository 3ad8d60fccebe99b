package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// quirks is what a Dialer has learned of the TLS of servers, by host:port, for the handshakes after that. Any goroutine
// may use it.
type quirks struct {
	mu     sync.Mutex
	byAddr map[string]quirk // at most maxQuirks; guarded by mu
}

// maxQuirks is the number of servers that a Dialer remembers; about 100 bytes each.
const maxQuirks = 4096

// A quirk is how the handshakes with a server are to be.
type quirk struct {
	// smallHello: without the post-quantum key share (X25519MLKEM768), with which a ClientHello is larger than a packet.
	// There are paths that drop large packets without a word, and servers that do not expect the second one.
	smallHello bool
	// tookLarge: it has answered a ClientHello with that share.
	tookLarge bool
	// closed is how many with that share it has answered by closing or resetting the connection, or by an alert of trouble
	// of its own.
	closed int
	// manyTickets: it sends more session tickets at once over TLS 1.3 than crypto/tls reads. Over TLS 1.2 there is one.
	manyTickets bool
	lateCert    lateCert
}

// A lateCert is what is known of a server that may ask for a client certificate after a request.
type lateCert uint8

const (
	certUnknown lateCert = iota
	certTried            // connections use TLS 1.2, and it has not asked yet
	certAsked            // they do, and it has
	certNever            // it has not asked over TLS 1.2 either
)

// of returns what is known of a server.
func (q *quirks) of(addr string) quirk {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.byAddr[addr]
}

// change changes what is known of a server.
func (q *quirks) change(addr string, f func(*quirk)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	known, found := q.byAddr[addr]
	before := known
	if f(&known); known == before {
		return
	}
	if !found && len(q.byAddr) >= maxQuirks {
		clear(q.byAddr)
	}
	if q.byAddr == nil {
		q.byAddr = make(map[string]quirk)
	}
	q.byAddr[addr] = known
}

// classicCurves are the key exchanges that are not post-quantum ones, as crypto/tls prefers them.
var classicCurves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

// handshake makes a TLS connection to addr over c by what is known of it, and learns. config is changed. Where it fails
// it closes c, and the error is a *failure.Failure.
func (q *quirks) handshake(ctx context.Context, c net.Conn, addr string, config *tls.Config) (*tls.Conn, error) {
	known := q.of(addr)
	if known.smallHello {
		config.CurvePreferences = classicCurves
	}
	isOld := known.manyTickets || known.lateCert == certTried || known.lateCert == certAsked
	if isOld && config.MinVersion < tls.VersionTLS13 {
		config.MaxVersion = tls.VersionTLS12
	}
	if config.ClientSessionCache != nil {
		config.ClientSessionCache = &ticketCounter{ClientSessionCache: config.ClientSessionCache, tooMany: func() {
			q.change(addr, func(k *quirk) { k.manyTickets = true })
			if counted, ok := c.(*conn.Conn); ok {
				counted.NoteTickets()
			}
		}}
	}
	onlyTLS12 := config.MaxVersion == tls.VersionTLS12
	large := !known.smallHello && !onlyTLS12
	over, err := handshake(ctx, c, hostOf(addr), config)
	q.learn(addr, large, err == nil || hasRead(c), err)
	var f *failure.Failure
	if _, counted := c.(*conn.Conn); counted && errors.As(err, &f) && f.Kind == failure.Timeout && !hasRead(c) {
		f.Err = fmt.Errorf("%w, nothing came in answer to its ClientHello", f.Err)
		var limit *failure.Limit
		if large && errors.As(f.Err, &limit) && limit.After >= longSilence {
			f.Option = OptionHello
		}
	}
	if f != nil && f.Kind == failure.TLS && f.Option == OptionCommon && onlyTLS12 && known.manyTickets {
		return nil, TooManyTickets()
	}
	return over, err
}

// longSilence is how long a server is given to answer before a path is said to drop its packets.
const longSilence = time.Second

// TooManyTickets returns the failure of an exchange with a server that sends more session tickets at once than can be
// read. The next connection to it is one with TLS 1.2, where it speaks that.
func TooManyTickets() *failure.Failure {
	f := failure.New(failure.TLS, "tls: the server sends more session tickets at once over TLS 1.3 than can be read")
	f.Option, f.RetryAs = OptionTickets, failure.Reset
	return f
}

// hasRead reports whether bytes have come over c, where that is counted.
func hasRead(c net.Conn) bool {
	counted, ok := c.(*conn.Conn)
	return ok && counted.Start() != [8]byte{}
}

// manyClosed is after how many closed connections a ClientHello with a post-quantum share is taken for the cause; a
// first one may have been chance.
const manyClosed = 2

// isServerFault reports whether a server ended a handshake with an alert of trouble of its own. Some do that can't read
// a ClientHello as large, or the key share in it: decode_error, illegal_parameter and others.
func isServerFault(f *failure.Failure) bool {
	return f.Kind == failure.TLS && (f.Option == OptionServer || f.Option == OptionAddress)
}

// retrySmall returns err, with which a handshake with addr failed; where an alert of the server's own trouble is to be
// followed by a handshake that is small, as one to be retried.
func (q *quirks) retrySmall(addr string, err error) error {
	var f *failure.Failure
	if errors.As(err, &f) && isServerFault(f) && q.of(addr).smallHello {
		f.RetryAs = failure.Reset
	}
	return err
}

// learn notes how a handshake ended. Where a large ClientHello was not answered the next one is small: after silence,
// and after the alerts, the end or the reset of a server that has answered no large one. A small one that is not
// answered either was small for nothing.
func (q *quirks) learn(addr string, large, answered bool, err error) {
	var f *failure.Failure
	isFault := errors.As(err, &f) && isServerFault(f)
	answered = answered && !isFault
	q.change(addr, func(k *quirk) {
		switch {
		case answered && large:
			k.tookLarge = true
		case answered:
			k.smallHello = k.smallHello && k.closed != 1
		case f == nil:
		case !large:
			k.smallHello, k.closed = false, 0
		case f.Kind == failure.Timeout:
			k.smallHello, k.closed = true, manyClosed
		case isFault && f.RetryAs == "" && !k.tookLarge: // an alert that is no chance
			k.smallHello, k.closed = true, manyClosed
		case (f.Kind == failure.Reset || f.Kind == failure.Truncated || isFault) && !k.tookLarge:
			k.smallHello = true
			k.closed = min(k.closed+1, manyClosed)
		}
	})
}

// A ticketCounter is the session cache of one connection. It calls tooMany where crypto/tls is about to give the
// connection up for its session tickets.
type ticketCounter struct {
	tls.ClientSessionCache
	tooMany func()
	tickets int // one goroutine reads from a connection at a time
}

// mostTickets is the number of session tickets in a row that crypto/tls reads (its maxUselessRecords).
const mostTickets = 16

// Put is tls.ClientSessionCache's.
func (t *ticketCounter) Put(key string, session *tls.ClientSessionState) {
	t.ClientSessionCache.Put(key, session)
	if t.tickets++; t.tickets == mostTickets {
		t.tooMany()
	}
}
