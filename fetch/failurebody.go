package fetch

import (
	"io"
	"net/http"
	"time"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/redact"
)

// maxDiscarded is how many bytes of a body that is not needed are read so that its connection can be reused.
const maxDiscarded = 64 << 10

// maxDiscardTime is how long that may take.
const maxDiscardTime = time.Second

// discardBody reads a body that is not needed to its end, so that its connection can be reused, and keeps its start in
// rec, but for that of a redirect that is followed. Where it is too long or takes too long the connection is closed.
func (x *exchange) discardBody(resp *http.Response, rec *Record, followed bool) {
	keeps := !followed && !x.headerOnly && x.options.FailureBody > 0
	if resp.ContentLength == 0 || resp.ContentLength > maxDiscarded && !keeps {
		return
	}
	tooSlow := time.AfterFunc(maxDiscardTime, func() { _ = resp.Body.Close() })
	defer tooSlow.Stop()
	body := io.LimitReader(resp.Body, max(maxDiscarded, x.options.FailureBody))
	if keeps {
		rec.FailureBody = x.readFailureBody(resp.Header, body)
	}
	if resp.ContentLength <= maxDiscarded {
		_, _ = io.Copy(io.Discard, body) // an error means that the connection is closed
	}
}

// maxFailureBody is the most that Options.FailureBody can be, in bytes: Records wait in memory.
const maxFailureBody = 1 << 20

// maxSecret is the longest secret, in bytes, of which no start is left where the end of a FailureBody cuts through it.
const maxSecret = 8 << 10

// readFailureBody returns the start of a body, decoded as far as that goes, with the secrets of the request masked. Any
// error ends it: it is for people to read.
func (x *exchange) readFailureBody(header http.Header, body io.Reader) []byte {
	codings, _ := x.options.codingsOf(header)
	decoded, err := coding.NewReader(codings, body, x.memory.spareWindows())
	if err != nil {
		return nil
	}
	defer decoded.Close()
	start, _ := io.ReadAll(io.LimitReader(decoded, x.options.FailureBody+maxSecret)) // what came before an error counts
	start = redact.Secrets(start, x.secrets())
	return start[:min(int64(len(start)), x.options.FailureBody)]
}

// secrets returns the values in the header of the request that are secret: those of headers that are so by their name,
// and of those that the user has given for all requests, but for ones that other origins get too; and the login of a
// proxy that has forwarded it.
func (x *exchange) secrets() []string {
	var secrets []string
	for name, values := range x.headerWithCookies(x.to) {
		_, given := x.options.Header[name]
		if redact.IsSecretHeader(name) || given && isDroppedAcrossOrigins(name) {
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
