package fetch

import (
	"io"
	"net/http"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/digest"
	"batchfetch/fetch/failure"
)

// A digestCheck is what a response says of the bytes of its body, and their hashes as they come.
type digestCheck struct {
	method   string
	response *http.Response // nil: nothing is said, nor announced for the trailer
	joined   bool           // the body is the rest of one that is continued, with its codings left on it
	decoded  bool           // the codings are taken off the body
	claims   digest.Claims
	content  digest.Hashes // of the content, with its codings; without that of SHA-256 where Record.SHA256 is the same
	plain    digest.Hashes // of the content without its codings, where they are taken off; likewise
}

// newDigestCheck returns the check of the body of a response to a request with this method.
func newDigestCheck(method string, resp *http.Response, joined, decoded bool) (d digestCheck) {
	claims := digest.Of(method, resp.StatusCode, resp.Header)
	inTrailer := announcesDigests(resp)
	if len(claims) == 0 && !inTrailer {
		return d
	}
	names := claims.Algorithms()
	if inTrailer {
		names = append(names, digest.InTrailer...)
	}
	d = digestCheck{method: method, response: resp, joined: joined, decoded: decoded, claims: claims,
		content: digest.NewHashes(names...)}
	if !joined && !decoded {
		delete(d.content, "sha-256")
	}
	if decoded {
		d.plain = digest.NewHashes(names...)
		delete(d.plain, "sha-256")
	}
	return d
}

// announcesDigests reports whether the trailer of a response has digests. Over HTTP/1.1 its Trailer has the names that
// were announced; over others it must not be read before the end of the body.
func announcesDigests(resp *http.Response) bool {
	if resp.ProtoMajor == 1 {
		return resp.Trailer != nil && digest.IsInTrailer(resp.Trailer)
	}
	announced := resp.Header["Trailer"]
	return httpguts.HeaderValuesContainsToken(announced, "Content-Digest") ||
		httpguts.HeaderValuesContainsToken(announced, "Repr-Digest")
}

// check returns a Failure of Kind Checksum where a body that has come whole is not what its response says of it. rec
// has its SHA-256. whole returns a reader of all of a body that is continued; nil is that it can't be read again.
func (d *digestCheck) check(rec *Record, whole func() io.Reader) error {
	if d.response == nil {
		return nil
	}
	claims := append(d.claims, digest.OfTrailer(d.method, d.response.Trailer)...)
	for _, claim := range claims {
		if wrong := d.checkClaim(claim, rec, whole); wrong != nil {
			return &failure.Failure{Kind: failure.Checksum, Err: wrong}
		}
	}
	return nil
}

// checkClaim is check for one claim. Where a content coding was added on the way, by who left the claim as it was, the
// content without it has it.
func (d *digestCheck) checkClaim(claim digest.Claim, rec *Record, whole func() io.Reader) *digest.Mismatch {
	isSHA256 := claim.Algorithm == "sha-256"
	switch {
	case claim.OfWhole && d.joined && !isSHA256:
		return checkJoined(claim, whole())
	case claim.OfWhole && !d.joined && d.response.StatusCode == http.StatusPartialContent:
		return nil // of a part the whole is not known
	case isSHA256 && (claim.OfWhole && d.joined || !d.joined && !d.decoded):
		if claim.Is(rec.SHA256[:]) {
			return nil
		}
		return &digest.Mismatch{Claim: claim, Got: rec.SHA256[:]}
	}
	wrong := claim.Check(d.content)
	if wrong == nil || !d.decoded {
		return wrong
	}
	if isSHA256 && claim.Is(rec.SHA256[:]) || !isSHA256 && claim.Check(d.plain) == nil {
		return nil
	}
	return wrong
}

// checkJoined is checkClaim for a claim of the whole of which the response has brought the rest. A body that can't be
// read again says nothing.
func checkJoined(claim digest.Claim, whole io.Reader) *digest.Mismatch {
	if whole == nil {
		return nil
	}
	hashes := digest.NewHashes(claim.Algorithm)
	if _, err := io.Copy(hashes, whole); err != nil {
		return nil
	}
	return claim.Check(hashes)
}

// deniesStored reports whether a 304 says that the selected representation has another digest than the stored body,
// whose SHA-256 is sum. isAsSent says that this is the body with its content codings.
func deniesStored(h http.Header, sum [32]byte, isAsSent bool) bool {
	if !isAsSent || h["Repr-Digest"] == nil {
		return false
	}
	for _, claim := range digest.OfTrailer(http.MethodGet, h) {
		if claim.OfWhole && claim.Algorithm == "sha-256" && !claim.Is(sum[:]) {
			return true
		}
	}
	return false
}
