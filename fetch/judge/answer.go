package judge

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
)

// An Answer is the outcome of one exchange, as far as judging it needs: a response, or why there was none.
type Answer struct {
	// Status is that of the response; 0 means that none came.
	Status int
	// Reason is the status with the reason phrase of HTTP/1.1, as the server sent it.
	Reason string
	// Header is that of the response, or of the stored one that it confirmed.
	Header http.Header
	// ServerHeader is what the server sent, where Header is that of a stored response; nil means that Header is what it
	// sent.
	ServerHeader http.Header
	// Failure is why no response came, or why it broke off or can't be used; nil means that it is whole.
	Failure *failure.Failure
	// NoRoom says that the Failure is that of a temporary file for which there was no room.
	NoRoom bool
	// Partial is what came of a request for the missing part of a body.
	Partial Partial
	// Conditional says that the request had header fields that a plain one has not and the user did not ask for: the
	// conditions by which a stored response is validated (RFC 9110 section 13.1), the range of the missing part of a body
	// (section 14.2), or an Accept-Encoding by which a body can be continued.
	Conditional bool
	// BodyGone says that the response to such a request has no body, or is a redirect, although the body that is stored,
	// or the start of one, is not empty; or that a response that continues it was cut off before its first byte.
	BodyGone bool
	// GoesOn says that a response which continues a body (PartialContinues) has come whole, and is a good part of what is
	// missing but not all of it, which is the Failure.
	GoesOn bool
	// Responded says that at least one byte of a response came.
	Responded bool
	// NotProcessed says that the server has not processed the request, so that any method may be sent again (RFC 9110
	// section 9.2.2): it was not sent, or the server said so (RFC 9113 section 8.7).
	NotProcessed bool
	// Shared says that the connection may have carried other exchanges meanwhile: HTTP/2, HTTP/3.
	Shared bool
	// LostKept says that the request was sent over a connection that had carried another, and was lost before a response
	// to it; where it was sent again then, the Failure may be that of the next connection.
	LostKept bool
	// Unusable is why a stored response can't be used although the server confirmed it (304); nil means that it was
	// used, or that none was confirmed.
	Unusable *failure.Failure
	// Challenged says that the server wants the credentials of the request proved in another way, by which the next
	// exchange proves them: a 401 with a challenge (RFC 7616), or a signature refused for its time. That is no attempt,
	// and no refusal for a limit.
	Challenged bool
	// Damaged says that the Failure is that a body which came whole is not what the response said of it, or that a part
	// came in place of the whole: it was damaged on its way, or a cache has kept the wrong thing, and it comes right with
	// the next attempt; or it was never right.
	Damaged bool
	// WantsTLS says that a 400 to a request without TLS is because the port speaks TLS.
	WantsTLS bool
	// BodyWait is how long the body of a response that is no success asks to wait (RetryInfoOf); 0 is not at all.
	BodyWait time.Duration
	// Proxy names the proxy that forwarded the request; nil means that none did. It must not hold a nil pointer.
	Proxy fmt.Stringer
}

// Partial is the outcome of a request for the missing part of a body, a range request (RFC 9110 section 14).
type Partial uint8

// The outcomes of a range request.
const (
	PartialNone      Partial = iota // no range was requested, or the response is the whole body
	PartialContinues                // the response has the missing part
	PartialUnusable                 // the response can't be appended to the part that is stored
)

// A Trial is what Judge needs to know about a Task.
type Trial struct {
	// Method is that of the exchange that is judged.
	Method string
	// Retry says whether the request may be retried, by its input line; nil means that the line does not say.
	Retry *bool
	// Attempts is the number of attempts made, including this one; 1 is the first.
	Attempts int
	// Hops is the number of redirects followed so far.
	Hops int
	// Refusals is the number of refusals in a row before this exchange (Verdict.Refusal).
	Refusals int
	// OfPage says that a response as Verdict.PerhapsPage is the trouble of the page: the host accepts other requests.
	OfPage bool
	// Damages is the number of attempts before this one after which Answer.Damaged was a reason for another.
	Damages int
	// Polls is the number of responses before this one that were not ready (Verdict.NotReady), PollElapsed the time since
	// the first of them.
	Polls       int
	PollElapsed time.Duration
	// FileShortages is the number of file shortages in a row before this exchange; see Answer.IsOutOfFiles, NoRoom and
	// IsShort.
	FileShortages int
	// Elapsed is the time since the first exchange began.
	Elapsed time.Duration
}

// sentHeader is the header that the server sent in this exchange.
func (a *Answer) sentHeader() http.Header {
	if a.ServerHeader != nil {
		return a.ServerHeader
	}
	return a.Header
}

// IsShort reports that this machine lacked something for a connection, such as a local port: the request was not sent.
func (a *Answer) IsShort() bool {
	return a.Failure != nil && a.NotProcessed &&
		(a.Failure.Kind == failure.Connect || a.Failure.Kind == failure.Timeout) && fdlimit.IsShortage(a.Failure)
}

// refusing returns the status and header of the response that may be a refusal: that of the server or, where no tunnel
// to it was opened, that of the proxy. Status 0 is none.
func (a *Answer) refusing() (status int, header http.Header) {
	if a.Failure == nil {
		return a.Status, a.sentHeader()
	}
	var tunnel *failure.ProxyRefusal
	if a.Status != 0 || !errors.As(a.Failure, &tunnel) {
		return 0, nil
	}
	return tunnel.Status, tunnel.Header
}

// isOverProxy reports whether the response may be that of a proxy: of one that forwarded the request, or that opened no
// tunnel.
func (a *Answer) isOverProxy() bool { return a.Proxy != nil || a.Status == 0 && !a.isOverload() }

// isOverload reports that the server has reset the stream of the request because of its load, before a response began.
func (a *Answer) isOverload() bool { return a.Failure != nil && a.Failure.Overload && !a.Responded }

// IsOutOfFiles reports a file shortage: the body's file could not be opened because too many files are open.
func (a *Answer) IsOutOfFiles() bool {
	return a.Failure != nil && a.Failure.Kind == failure.IO && fdlimit.IsExhausted(a.Failure)
}

// failureOfStatus is the Failure of a response whose status is not accepted.
func (a *Answer) failureOfStatus() *failure.Failure {
	kind := failure.BadStatus
	if a.Status == http.StatusTooManyRequests {
		kind = failure.RateLimited
	}
	f := failure.New(kind, "%s", failure.StatusText(a.Status))
	if a.WantsTLS {
		f.Err = fmt.Errorf("%w: it speaks TLS on this port, for which the URL is https://", f.Err)
		f.Option = failure.TLSScheme
	}
	if a.isProxyLogin() {
		refusal := &failure.ProxyRefusal{Status: a.Status, Header: a.sentHeader()}
		f.Err = fmt.Errorf("proxy %s: %w", a.Proxy, refusal)
		f.Option = refusal.LoginOption()
	} else if a.wantsDigest() {
		f.Err = fmt.Errorf("%w: the server wants Digest authentication", f.Err)
		f.Option = "digest"
	}
	return f
}

// wantsDigest reports whether the response is a 401 that asks for Digest authentication (RFC 7616), and not for Basic
// beside it.
func (a *Answer) wantsDigest() bool {
	if a.Status != http.StatusUnauthorized {
		return false
	}
	lines := a.sentHeader().Values("WWW-Authenticate")
	return failure.HasChallenge(lines, "digest") && !failure.HasChallenge(lines, "basic")
}

// isProxyLogin reports whether the response is that of the proxy, which wants a user and password or others: 407, or a
// 401 that no origin sent. A proxy leaves the Server of an origin as it is (RFC 9110 section 7.6.3).
func (a *Answer) isProxyLogin() bool {
	if a.Proxy == nil {
		return false
	}
	header := a.sentHeader()
	return a.Status == http.StatusProxyAuthRequired || a.Status == http.StatusUnauthorized &&
		(header.Get("Proxy-Authenticate") != "" || strings.HasPrefix(header.Get("Server"), "tinyproxy/"))
}
