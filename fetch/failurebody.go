package fetch

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"time"

	"batchfetch/fetch/coding"
)

// maxDiscarded is how many bytes of a body that is not needed are read so that its connection can be reused.
const maxDiscarded = 64 << 10

// maxDiscardTime is how long that may take.
const maxDiscardTime = time.Second

// discard reads a body that is not needed to its end, so that its connection can be reused, and returns its start, in
// which secrets are yet to be masked, but for that of a redirect that is followed. Where it is too long or takes too
// long the connection is closed; for an archive it is read as the body of a success is.
func (b *bodyReader) discard(resp *http.Response, followed bool) (start []byte) {
	keeps := !followed && !b.headerOnly && (b.options.FailureBody > 0 || resp.StatusCode == http.StatusBadRequest ||
		resp.StatusCode == http.StatusTooManyRequests) // saysTLS, judge.RetryInfoOf
	archived := b.capture != nil && !b.headerOnly
	if resp.ContentLength == 0 || resp.ContentLength > maxDiscarded && !keeps && !archived {
		return nil
	}
	from, most := io.Reader(resp.Body), max(maxDiscarded, b.options.FailureBody)
	if archived {
		from, most = b.call.Body(resp), max(most, b.options.MaxBody)
	} else {
		closed := make(chan struct{})
		tooSlow := time.AfterFunc(maxDiscardTime, func() { defer close(closed); _ = resp.Body.Close() })
		defer func() {
			if !tooSlow.Stop() {
				<-closed // the response is not used once the exchange is over
			}
		}()
	}
	body := io.LimitReader(b.capture.reader(from), most)
	if keeps {
		start = b.readStart(resp.Header, body)
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

// keepStart keeps the start of a body that has been read, decoded, and failed: what came of a stream until its time was
// over, or the page that came in place of the file with a checksum.
func (b *bodyReader) keepStart(body io.Reader) {
	if b.options.FailureBody > 0 {
		b.start, _ = io.ReadAll(io.LimitReader(body, b.options.FailureBody+maxSecret)) // what came before an error counts
	}
}

// readStart returns the start of a body, FailureBody and maxSecret long, decoded as far as that goes. Any error ends
// it: it is for people to read.
func (b *bodyReader) readStart(header http.Header, body io.Reader) []byte {
	codings, _ := b.options.codingsOf(header, b.dictionary.coding())
	decoded, err := coding.NewReader(codings, body, b.dictionary.coding(), b.memory.spareWindows())
	if err != nil {
		return nil
	}
	defer decoded.Close()
	start, _ := io.ReadAll(io.LimitReader(decoded, b.options.FailureBody+maxSecret)) // what came before an error counts
	return start
}
