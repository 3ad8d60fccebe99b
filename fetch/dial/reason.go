package dial

import (
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// maxReason is how many bytes of a proxy's reason are read, and reasonTime is how long it may take.
const (
	maxReason  = 256
	reasonTime = time.Second
)

// readReason returns the first line of a plain text with which a proxy refuses a tunnel, as Smokescreen and Envoy say
// why they do; "" is none. A body of unknown length is not read: c may stay open behind it.
func readReason(c net.Conn, resp *http.Response) string {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind != "text/plain" || resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
		return ""
	}
	_ = c.SetReadDeadline(time.Now().Add(reasonTime)) // without one the end of the exchange's time is the limit
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason))
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, line), "")
}
