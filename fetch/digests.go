package fetch

import (
	"errors"
	"io"
	"net/http"

	"batchfetch/fetch/digest"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// wantedDigests are the header fields that ask for digests (RFC 9530 section 4): SHA-256 first, which every body is
// hashed by in any case.
var wantedDigests = http.Header{
	"Want-Content-Digest": {"sha-256=10, sha-512=5"}, "Want-Repr-Digest": {"sha-256=10, sha-512=5"},
}

// withWantedDigests returns h with the header fields that ask for digests, where the Options want them; S3 tells its
// checksums to signed requests that ask for them.
func (o *Options) withWantedDigests(h http.Header) http.Header {
	if !o.WantDigest {
		return h
	}
	h = mergeHeaders(h, wantedDigests)
	if o.SigV4 != nil {
		h["X-Amz-Checksum-Mode"] = []string{"ENABLED"}
	}
	return h
}

// A digestCheck is what a response says of the bytes of its body, and their hashes as they come.
type digestCheck struct {
	response *http.Response // nil: nothing is said, nor announced for the trailer
	claims   digest.Claims
	content  digest.Hashes // of the content, with its codings; without that of SHA-256 where Record.SHA256 is the same
	plain    digest.Hashes // of the content without its codings, where they are taken off; likewise
}

// startDigests prepares the check of the body of a response, whose codings are known.
func (x *exchange) startDigests(resp *http.Response, in *wireReader) {
	claims := digest.Of(x.to.Method, resp.StatusCode, resp.Header)
	inTrailer := announcesDigests(resp)
	if len(claims) == 0 && !inTrailer {
		return
	}
	names := claims.Algorithms()
	if inTrailer {
		names = append(names, digest.InTrailer...)
	}
	x.digests = digestCheck{response: resp, claims: claims, content: digest.NewHashes(names...)}
	if x.partial != judge.PartialContinues && !x.decoded {
		delete(x.digests.content, "sha-256")
	}
	in.digests = x.digests.content
	if x.decoded {
		x.digests.plain = digest.NewHashes(names...)
		delete(x.digests.plain, "sha-256")
		in.plainDigests = x.digests.plain
	}
}

// announcesDigests reports whether the trailer of a response has digests. Over HTTP/1.1 its Trailer has the names that
// were announced; over others it must not be read before the end of the body.
func announcesDigests(resp *http.Response) bool {
	if resp.ProtoMajor == 1 {
		return resp.Trailer != nil && digest.IsInTrailer(resp.Trailer)
	}
	return hasToken(resp.Header["Trailer"], "Content-Digest") || hasToken(resp.Header["Trailer"], "Repr-Digest")
}

// checkDigests returns a Failure of Kind Checksum where a body that has come whole is not what its response says of it.
// rec has its SHA-256.
func (x *exchange) checkDigests(rec *Record) error {
	d := &x.digests
	if d.response == nil || x.cut {
		return nil
	}
	claims := append(d.claims, digest.OfTrailer(x.to.Method, d.response.Trailer)...)
	for _, claim := range claims {
		if wrong := x.checkDigest(claim, rec); wrong != nil {
			return &failure.Failure{Kind: failure.Checksum, Err: wrong}
		}
	}
	return nil
}

// checkDigest is checkDigests for one claim. Where a content coding was added on the way, by who left the claim as it
// was, the content without it has it.
func (x *exchange) checkDigest(claim digest.Claim, rec *Record) *digest.Mismatch {
	d := &x.digests
	isSHA256 := claim.Algorithm == "sha-256"
	switch {
	case claim.OfWhole && x.partial == judge.PartialContinues:
		return x.checkJoined(claim, rec)
	case claim.OfWhole && d.response.StatusCode == http.StatusPartialContent:
		return nil // of a part the whole is not known
	case isSHA256 && !x.decoded && x.partial != judge.PartialContinues:
		if claim.Is(rec.SHA256[:]) {
			return nil
		}
		return &digest.Mismatch{Claim: claim, Got: rec.SHA256[:]}
	}
	wrong := claim.Check(d.content)
	if wrong == nil || !x.decoded {
		return wrong
	}
	if isSHA256 && claim.Is(rec.SHA256[:]) || !isSHA256 && claim.Check(d.plain) == nil {
		return nil
	}
	return wrong
}

// checkJoined is checkDigest for a claim of the whole of which the response has brought the rest. Its codings are left
// on it. A body that can't be read again says nothing.
func (x *exchange) checkJoined(claim digest.Claim, rec *Record) *digest.Mismatch {
	if claim.Algorithm == "sha-256" {
		if claim.Is(rec.SHA256[:]) {
			return nil
		}
		return &digest.Mismatch{Claim: claim, Got: rec.SHA256[:]}
	}
	whole := x.writer.reader()
	if whole == nil {
		return nil
	}
	hashes := digest.NewHashes(claim.Algorithm)
	if err := copyAtMost(hashes, whole, x.writer.bytes); err != nil {
		return nil
	}
	return claim.Check(hashes)
}

// verifyBody returns why a body that has come whole is not the one that was asked for, by the hash of its line, or not
// the one that was sent, by the digests of the response. wrong is what verify has found; see orOtherForm.
func (x *exchange) verifyBody(wrong error, rec *Record, in *wireReader, body io.Reader) error {
	if err := x.orOtherForm(wrong, rec, in, body); err != nil {
		return err
	}
	return x.checkDigests(rec)
}

// isDamaged reports whether a failure is that a body is not what its response says of it.
func isDamaged(f *failure.Failure) bool {
	var mismatch *digest.Mismatch
	return f != nil && errors.As(f, &mismatch)
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
