package fetch

import (
	"crypto/sha256"
	"io"
	"net/http"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/coding"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// read reads the body of an accepted response, decoded, bounded by Options.MaxBody and hashed, into rec or the
// BodyStore; stored takes a copy for the cache, nil is none, and reported is bodyReader.reported. The error is a
// *Failure, or that of the connection.
func (b *bodyReader) read(resp *http.Response, rec *Record, stored *cacheWriter, reported cache.Sum) error {
	in := &b.wire
	*in = wireReader{in: b.capture.reader(b.call.Body(resp)), announced: resp.ContentLength}
	b.reported = reported
	b.setCodings(resp, rec)
	joined := b.resumption.kind == judge.PartialContinues
	b.digests = newDigestCheck(b.to.Method, resp, joined, b.isDecoded())
	in.digests, in.plainDigests = b.digests.content, b.digests.plain
	if !b.isDecoded() && !joined && resp.ContentLength > b.options.MaxBody && !b.options.forRobots {
		return failure.New(failure.TooLarge, "the body has %d bytes, over max-body %s",
			resp.ContentLength, formatSize(b.options.MaxBody))
	}
	var decoded io.Reader = in
	if in.coded = b.isDecoded(); in.coded {
		decoder, err := coding.NewReader(b.codings, in, b.dictionary.coding(), b.windows)
		if err != nil {
			return err
		}
		defer decoder.Close()
		decoded = decodedCounter{decoder, in}
		if rec.Request.SHA256 != "" {
			in.sum = sha256.New()
		}
	}
	body := stored.tee(decoded)
	if b.options.BodyStore == nil {
		return b.readInline(body, rec)
	}
	return b.storeBody(body, resp, rec)
}

// setCodings sets which content codings are taken off the body of a response, which are left, and
// Record.ContentEncoding.
func (b *bodyReader) setCodings(resp *http.Response, rec *Record) {
	b.codings, rec.ContentEncoding = b.codingsOf(resp, &b.wire)
	if !b.isDecoded() {
		b.leftCodings, _ = coding.Of(resp.Header, nil)
	} else if b.dictionary.usedFor(resp.Header) != nil {
		rec.ContentEncoding = allCodings(resp.Header) // which tells how so many bytes came of so few
	}
}

// codingsOf returns the content codings that are removed from the body of a response, and those that stay with it, for
// Record.ContentEncoding. All of a packed file stay, unless it is packed once more: the first bytes of in tell.
func (b *bodyReader) codingsOf(resp *http.Response, in *wireReader) (removed []string, kept string) {
	if b.resumption.kind == judge.PartialContinues {
		return nil, allCodings(resp.Header)
	}
	if !b.options.Identity && isPackedFile(b.to, resp.Header) {
		if !coding.IsPackedTwice(in.peek(coding.PackedPeek), resp.Header, b.windows) {
			return nil, allCodings(resp.Header)
		}
	}
	if b.mayBePlain && resp.Header["Content-Encoding"] != nil &&
		coding.IsUncoded(in.peek(coding.UncodedPeek), resp.Header, b.windows) {
		return nil, ""
	}
	return b.options.codingsOf(resp.Header, b.dictionary.coding())
}
