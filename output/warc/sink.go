package warc

import (
	"bytes"
	"io"
	"net/url"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/encode"
)

// Sink is a fetch.Sink that makes a metadata record (section 6.6) of each Record, as JSON without its body. Those of
// successes are what the Sink in it takes as lines; those of failures are written at once, and it renders them too.
type Sink struct {
	fetch.Sink
	To *Writer
	// AllMembers is encode.Layout.AllMembers.
	AllMembers bool
}

// Unwrap returns the Sink in it.
func (s Sink) Unwrap() fetch.Sink { return s.Sink }

// Encode sets the Record's line, of a failure by the Sink in it.
func (s Sink) Encode(r *fetch.Record) {
	g := s.To.newGroup()
	defer g.close()
	err := g.addMetadata(r, s.AllMembers)
	if r.Failure != nil {
		_ = firstError(err, func() error { return s.To.add(g) }) // Put returns it
		s.Sink.Encode(r)
		return
	}
	r.Line, r.LineErr = g.bytes(err)
	r.ReleaseRendered()
}

// addMetadata adds the metadata record of a Record.
func (g *group) addMetadata(r *fetch.Record, allMembers bool) error {
	at := time.Now()
	if !r.StartedAt.IsZero() {
		at = r.StartedAt.Add(r.Elapsed)
	}
	f := g.newFields("metadata", newID(), dateOf(at))
	f = f.addOptional("WARC-Target-URI", recordTarget(r)).addOptional("WARC-Concurrent-To", r.CaptureID)
	layout := encode.Layout{Body: encode.BodyNone, AllMembers: allMembers}
	g.scratch.block = encode.AppendRecord(g.scratch.block[:0], r, layout)
	return g.addText(f, "application/json", bytes.TrimRight(g.scratch.block, "\n"))
}

// Put returns the first error of the Writer, or that of the Sink in it.
func (s Sink) Put(r *fetch.Record) error {
	if err := s.To.Err(); err != nil {
		r.Discard()
		return err
	}
	return s.Sink.Put(r)
}

// Flush writes the exchanges before the Records.
func (s Sink) Flush(last bool) error {
	return firstError(s.To.Flush(), func() error { return s.Sink.Flush(last) })
}

// bytes returns the records of a group, which is in memory: Records without bodies are bounded.
func (g *group) bytes(err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	text := make([]byte, g.to.Size())
	_, err = io.ReadFull(g.to.Reader(), text)
	return text, err
}

// recordTarget returns the URL that a Record is about; empty is that it has none.
func recordTarget(r *fetch.Record) string {
	text := r.FinalURL
	if text == "" {
		text = r.Request.URL
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return targetOf(u)
}
