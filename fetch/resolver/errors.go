package resolver

import (
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

// shown returns the address of a server, without the usual port.
func shown(server string) string {
	if host, port, err := net.SplitHostPort(server); err == nil && port == "53" {
		return "resolver " + host
	}
	return "resolver " + server
}
