package resolver

import (
	"errors"
	"fmt"
	"net"
)

// An Error is why a look-up has no addresses.
type Error struct {
	Host string
	// NotFound says that the name does not exist, or has no address of the family wanted. Else servers failed, and the
	// same look-up may succeed later.
	NotFound bool
	// Waiting says that the look-up was not over, and Text what it waited for.
	Waiting bool
	// Text says what happened; empty with NotFound.
	Text string
	// Err is the error of a socket; nil is none.
	Err error
}

// Error returns a sentence with the host.
func (e *Error) Error() string {
	switch {
	case e.NotFound:
		return "no address found for " + e.Host
	case e.Waiting:
		return fmt.Sprintf("no address for %s yet: %s", e.Host, e.Text)
	}
	return fmt.Sprintf("looking up %s failed: %s", e.Host, e.Text)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// explain returns the Error that an error of net.Resolver comes to. That has no codes: it takes a server's failure for
// the name's where the other family has no addresses.
func (f *flight) explain(err error) *Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.troubleLocked(); t != nil {
		if errors.Is(t.err, errSilent) {
			return &Error{Host: f.host, Text: "no answer from " + shown(f.server) + f.counted()}
		}
		return &Error{Host: f.host, Text: shown(t.server) + " " + t.says(), Err: t.err}
	}
	var name *net.DNSError
	var family *net.AddrError
	switch {
	case errors.As(err, &name) && name.IsNotFound, errors.As(err, &family):
		return &Error{Host: f.host, NotFound: true}
	case errors.As(err, &name):
		return &Error{Host: f.host, Text: name.Err, Err: err}
	}
	return &Error{Host: f.host, Text: err.Error(), Err: err}
}

// shown returns the address of a server, without the usual port.
func shown(server string) string {
	if host, port, err := net.SplitHostPort(server); err == nil && port == "53" {
		return "resolver " + host
	}
	return "resolver " + server
}

// counted returns how many queries were sent, where it is more than one.
func (f *flight) counted() string {
	if f.queries < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d queries)", f.queries)
}

// progress returns the Error for a call of Lookup that ends before the flight.
func (f *flight) progress() *Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := &Error{Host: f.host, Waiting: true}
	t := f.troubleLocked()
	switch {
	case !f.entered:
		e.Text = "other look-ups are to end first"
	case t != nil && !errors.Is(t.err, errSilent):
		e.Text, e.Err = shown(t.server)+" "+t.says(), t.err
	case f.server == "":
		e.Text = "the system's resolver has not answered"
	default:
		e.Text = "no answer from " + shown(f.server) + f.counted()
	}
	return e
}

// troubleLocked returns the most telling of the last replies that were not conclusive; nil is none. A name that does
// not exist has none. mu is held.
func (f *flight) troubleLocked() *reply {
	var worst *reply
	for q, known := range f.memo {
		got := &known.reply
		if !got.isConclusive() && !f.pairs[q.Name].gone && (worst == nil || weight(*got) > weight(*worst)) {
			worst = got
		}
	}
	return worst
}
