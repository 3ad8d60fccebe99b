package warc

import (
	"crypto/sha1" //nolint:gosec // what readers compare; bodies are told apart by bodyKey
	"net/http"
	"net/netip"

	"batchfetch/fetch"
)

// Archive is for fetch.Options.Archive: it writes a request record and, where there is a response, a response or a
// revisit record (sections 6.2, 6.3 and 6.7).
func (w *Writer) Archive(c *fetch.Capture) error {
	g := w.newGroup()
	defer g.close()
	of := about{id: newID(), date: dateOf(c.StartedAt), target: targetOf(c.URL), address: addressOf(c.RemoteAddr)}
	c.ID = of.id
	var request fields
	if c.ResponseHead == nil {
		request = g.newExchangeFields("request", of.id, &of)
	} else {
		request = g.newExchangeFields("request", newID(), &of).add("WARC-Concurrent-To", of.id)
	}
	if len(c.RequestBody) > 0 {
		request = request.addDigest("WARC-Payload-Digest", sha1.Sum(c.RequestBody)) //nolint:gosec // as above
	}
	g.scratch.block = append(append(g.scratch.block[:0], c.RequestHead...), c.RequestBody...)
	err := g.addText(request, "application/http;msgtype=request", g.scratch.block)
	if err != nil || c.ResponseHead == nil {
		return firstError(err, func() error { return w.add(g) })
	}
	sums, err := g.scratch.hashes.sum(c)
	if err != nil {
		return err
	}
	known, isKnown := w.known.find(sums.key)
	isKnown = isKnown && sums.identifies
	switch {
	case c.Status == http.StatusNotModified && c.Conditional:
		err = g.addNotModified(c, &of)
	case isKnown:
		err = g.addKnown(c, &of, sums, &known)
	default:
		err = g.addResponse(c, &of, sums)
	}
	err = firstError(err, func() error { return w.add(g) })
	if err == nil && sums.identifies && !isKnown {
		w.known.add(sums.key, original{of.id, of.target, of.date})
	}
	return err
}

// about is what the records of an exchange have in common, and the ID of its response, or request where there is none.
type about struct{ id, date, target, address string }

// newExchangeFields returns the header of a record of an exchange.
func (g *group) newExchangeFields(kind, id string, a *about) fields {
	return g.newFields(kind, id, a.date).add("WARC-Target-URI", a.target).addOptional("WARC-IP-Address", a.address)
}

// addResponse adds a response record.
func (g *group) addResponse(c *fetch.Capture, a *about, sums bodySums) error {
	f := g.newResponseFields("response", c, a)
	if c.Truncated == "" {
		f = f.addDigest("WARC-Payload-Digest", sums.payload)
	}
	f = f.addDigest("WARC-Block-Digest", sums.block).addOptional("WARC-Truncated", string(c.Truncated)).
		addBlock(httpResponse, int64(len(sums.head))+c.Body.Size())
	return g.add(f, sums.head, c.Body)
}

// addKnown adds a revisit record of a response whose body is that of another.
func (g *group) addKnown(c *fetch.Capture, a *about, sums bodySums, of *original) error {
	f := g.newResponseFields("revisit", c, a).add("WARC-Profile", identicalPayload).
		add("WARC-Refers-To", of.id).add("WARC-Refers-To-Target-URI", of.target).add("WARC-Refers-To-Date", of.date).
		addDigest("WARC-Payload-Digest", sums.payload)
	return g.addText(f, httpResponse, sums.head)
}

// addNotModified adds a revisit record of a 304.
func (g *group) addNotModified(c *fetch.Capture, a *about) error {
	f := g.newResponseFields("revisit", c, a).add("WARC-Profile", serverNotModified)
	if !c.Known.IsZero() {
		f = f.add("WARC-Refers-To-Target-URI", a.target).add("WARC-Refers-To-Date", dateOf(c.Known))
	}
	return g.addText(f, httpResponse, archivedHead(c.ResponseHead))
}

const httpResponse = "application/http;msgtype=response"

// newResponseFields returns the header of a response or revisit record, as far as both have the same.
func (g *group) newResponseFields(kind string, c *fetch.Capture, a *about) fields {
	f := g.newExchangeFields(kind, a.id, a)
	switch c.Protocol { // IIPC, a field that is proposed
	case "HTTP/2.0":
		f = f.add("WARC-Protocol", "h2")
	case "HTTP/3.0":
		f = f.add("WARC-Protocol", "h3")
	}
	return f
}

// addressOf returns the address in host:port without its zone; empty is that it has none, as a socket of Unix.
func addressOf(remote string) string {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	return a.Addr().Unmap().WithZone("").String()
}
