package fetch

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"time"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/redact"
)

// maxDiscarded is how many bytes of a body that is not needed are read so that its connection can be reused.
const maxDiscarded = 64 << 10

// maxDiscardTime is how long that may take.
const maxDiscardTime = time.Second

// discardBody reads a body that is not needed to its end, so that its connection can be reused, and returns its start,
// but for that of a redirect that is followed. Where it is too long or takes too long the connection is closed; for an
// archive it is read as the body of a success is.
func (x *exchange) discardBody(resp *http.Response, followed bool) (start []byte) {
	keeps := !followed && !x.headerOnly && (x.options.FailureBody > 0 || resp.StatusCode == http.StatusBadRequest)
	archived := x.capture != nil && !x.headerOnly
	if resp.ContentLength == 0 || resp.ContentLength > maxDiscarded && !keeps && !archived {
		return nil
	}
	from, most := io.Reader(resp.Body), max(maxDiscarded, x.options.FailureBody)
	if archived {
		from, most = x.call.Body(resp), max(most, x.options.MaxBody)
	} else {
		closed := make(chan struct{})
		tooSlow := time.AfterFunc(maxDiscardTime, func() { defer close(closed); _ = resp.Body.Close() })
		defer func() {
			if !tooSlow.Stop() {
				<-closed // the response is not used once the exchange is over
			}
		}()
	}
	body := io.LimitReader(x.capture.reader(from), most)
	if keeps {
		start = x.readFailureBody(resp.Header, body)
	}
	if resp.ContentLength <= maxDiscarded || archived {
		_, _ = io.Copy(io.Discard, body) // an error means that the connection is closed
	}
	return start
}

// pagesOfTLS are what the pages say with which servers answer a request without TLS to a port that speaks it by a 400:
// nginx, Apache httpd, Go and Tomcat. No header field tells such a 400 from others.
var pagesOfTLS = []string{
	"The plain HTTP request was sent to HTTPS port",
	"speaking plain HTTP to an SSL-enabled server port",
	"Client sent an HTTP request to an HTTPS server",
	"This combination of host and port requires TLS",
}

// saysTLS reports whether the start of the body of a 400 says that the port speaks TLS.
func saysTLS(start []byte) bool {
	return slices.ContainsFunc(pagesOfTLS, func(text string) bool { return bytes.Contains(start, []byte(text)) })
}

// maxFailureBody is the most that Options.FailureBody can be, in bytes: Records wait in memory.
const maxFailureBody = 1 << 20

// maxSecret is the longest secret, in bytes, of which no start is left where the end of a FailureBody cuts through it.
const maxSecret = 8 << 10

// readFailureBody returns the start of a body, FailureBody and maxSecret long, decoded as far as that goes, with the
// secrets of the request masked. Any error ends it: it is for people to read.
func (x *exchange) readFailureBody(header http.Header, body io.Reader) []byte {
	codings, _ := x.options.codingsOf(header, x.dictionary.coding())
	decoded, err := coding.NewReader(codings, body, x.dictionary.coding(), x.memory.spareWindows())
	if err != nil {
		return nil
	}
	defer decoded.Close()
	start, _ := io.ReadAll(io.LimitReader(decoded, x.options.FailureBody+maxSecret)) // what came before an error counts
	return redact.Secrets(start, x.secrets())
}

// isSecret reports whether the values of a header of the request are secret.
func (x *exchange) isSecret(name string) bool {
	_, given := x.options.Header[name]
	return redact.IsSecretHeader(name) || given && isDroppedAcrossOrigins(name)
}

// secrets returns the values in the header of the request that are secret: those of headers that are so by their name,
// and of those that the user has given for all requests, but for ones that other origins get too; and the login of a
// proxy that has forwarded it.
func (x *exchange) secrets() []string {
	var secrets []string
	for name, values := range x.proof.sent {
		if x.isSecret(name) {
			for _, value := range values {
				secrets = append(secrets, redact.SecretsOf(name, value)...)
			}
		}
	}
	if p := x.call.ForwardedBy(); p != nil && p.Authorization() != "" {
		secrets = append(secrets, redact.SecretsOf("Proxy-Authorization", p.Authorization())...)
	}
	return secrets
}
