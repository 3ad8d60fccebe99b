package digest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// hello is the body of the examples of RFC 9530, and world another.
const (
	hello       = "{\"hello\": \"world\"}\n"
	helloSHA256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
	helloSHA512 = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCs" +
		"yRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:"
)

// TestClaims checks the digests of a body against what headers say: in the forms of RFC 9530 appendices B and of the
// vendors. A claim that says nothing is none.
func TestClaims(t *testing.T) {
	const digits = "123456789" // by which the check values of CRCs are published
	for _, tt := range []struct {
		name, body string
		status     int
		header     http.Header
		want       string // fields and algorithms; ! where the body has another digest
	}{
		{"sha-256", hello, 200, http.Header{"Content-Digest": {helloSHA256}}, "content-digest sha-256"},
		{"sha-512", hello, 200, http.Header{"Repr-Digest": {helloSHA512}}, "repr-digest sha-512 whole"},
		{"both, and others", hello, 206, http.Header{"Content-Digest": {"unixsum=:MA==:, " + helloSHA256, helloSHA512}},
			"content-digest sha-512, content-digest sha-256"},
		{"another body", "x", 200, http.Header{"Content-Digest": {helloSHA256}}, "content-digest sha-256!"},
		{"parameters", hello, 200, http.Header{"Content-Digest": {helloSHA256 + ";a=1"}}, "content-digest sha-256"},
		{"the last of two", hello, 200, http.Header{"Content-Digest": {"sha-256=:AAAA:, " + helloSHA256}},
			"content-digest sha-256"},
		{"old algorithms", hello, 200, http.Header{"Content-Digest": {"md5=:AAAAAAAAAAAAAAAAAAAAAA==:, sha=:AAAA:"}}, ""},
		{"no bytes", hello, 200, http.Header{"Content-Digest": {`sha-256="RK/0"`}}, ""},
		{"too short", hello, 200, http.Header{"Content-Digest": {"sha-256=:AAAA:"}}, ""},
		{"not a dictionary", hello, 200, http.Header{"Content-Digest": {helloSHA256 + ", ="}}, ""},
		{"a list in it", hello, 200, http.Header{"Content-Digest": {"sha-256=(:AAAA:)"}}, ""},
		{"Digest of old", hello, 200, http.Header{"Digest": {"SHA-256=AAAA"}}, ""},

		{"Content-MD5", digits, 200, http.Header{"Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg=="}}, "content-md5 md5!"},
		{"Content-MD5 of it", digits, 200, http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(
			sumOf("md5", digits))}}, "content-md5 md5"},
		{"of a part", digits, 206, http.Header{"Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg=="}}, ""},
		{"two", digits, 200, http.Header{"Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg==", "x"}}, ""},
		{"in hex", digits, 200, http.Header{"Content-Md5": {"25f9e794323b453885f5181f1b624d0b"}}, ""},

		{"crc32", digits, 200, http.Header{"X-Amz-Checksum-Crc32": {"y/Q5Jg=="}}, "x-amz-checksum-crc32 crc32"},
		{"crc32c", digits, 200, http.Header{"X-Amz-Checksum-Crc32c": {"4waSgw=="}}, "x-amz-checksum-crc32c crc32c"},
		{"crc64nvme", digits, 200, http.Header{"X-Amz-Checksum-Crc64nvme": {"rosUhgp5mIg="}},
			"x-amz-checksum-crc64nvme crc64nvme"},
		{"sha1", digits, 200, http.Header{"X-Amz-Checksum-Sha1": {"98O8HYCOBHMqgjTbA1B9Gx4fJcc="}},
			"x-amz-checksum-sha1 sha1!"},
		{"the strongest", digits, 200, http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="},
			"X-Amz-Checksum-Sha256": {"FeKw09Jk9k7gh4TC0Jg34QJt/NlADtYjq4XwQ0vj0pk="}},
			"x-amz-checksum-sha256 sha-256!"},
		{"of several parts", digits, 200, http.Header{"X-Amz-Checksum-Crc32": {"y/Q5Jg==-2"}}, ""},
		{"of the type", digits, 200, http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="},
			"X-Amz-Checksum-Type": {"COMPOSITE"}}, ""},
		{"of one part", digits, 206, http.Header{"X-Amz-Checksum-Crc32": {"AAAAAA=="}}, ""},

		{"goog", digits, 206, http.Header{"X-Goog-Hash": {"crc32c=4waSgw=="}}, "x-goog-hash crc32c whole"},
		{"goog, both", digits, 200, http.Header{"X-Goog-Hash": {"crc32c=4waSgw==", "md5=JfnnlDI7RTiF9RgfGNL2Jg=="}},
			"x-goog-hash md5 whole!"},
		{"goog, in one line", digits, 200, http.Header{"X-Goog-Hash": {"crc32c=4waSgw==, md5=?"}},
			"x-goog-hash crc32c whole"},
		{"goog, decompressed", digits, 200, http.Header{"X-Goog-Hash": {"crc32c=AAAAAA=="},
			"X-Goog-Stored-Content-Encoding": {"gzip"}}, ""},
		{"goog, as stored", digits, 200, http.Header{"X-Goog-Hash": {"crc32c=4waSgw=="},
			"X-Goog-Stored-Content-Encoding": {"gzip"}, "Content-Encoding": {"gzip"}}, "x-goog-hash crc32c whole"},
		{"goog, identity", digits, 200, http.Header{"X-Goog-Hash": {"crc32c=4waSgw=="},
			"X-Goog-Stored-Content-Encoding": {"identity"}}, "x-goog-hash crc32c whole"},

		{"registry", digits, 206, http.Header{"Docker-Content-Digest": {
			"sha256:15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"}}, "docker-content-digest sha-256 whole"},
		{"registry, another body", "x", 200, http.Header{"Docker-Content-Digest": {
			"sha256:15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"}},
			"docker-content-digest sha-256 whole!"},
		{"registry, behind a gateway that compresses", "x", 200, http.Header{"Content-Encoding": {"gzip"},
			"Docker-Content-Digest": {"sha256:15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"}}, ""},
		{"registry, signed", "x", 200, http.Header{
			"Content-Type":          {"application/vnd.docker.distribution.manifest.v1+prettyjws"},
			"Docker-Content-Digest": {"sha256:15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"}}, ""},
		{"registry, an error", "x", 404, http.Header{"Docker-Content-Digest": {
			"sha256:15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"}}, ""},
		{"registry, another algorithm", "x", 200, http.Header{"Docker-Content-Digest": {"blake3:15e2b0d3"}}, ""},
		{"registry, too short", "x", 200, http.Header{"Docker-Content-Digest": {"sha256:15e2b0d3"}}, ""},
		{"Azure", digits, 206, http.Header{"X-Ms-Blob-Content-Md5": {base64.StdEncoding.EncodeToString(
			sumOf("md5", digits))}}, "x-ms-blob-content-md5 md5 whole"},
		{"Azure, whole", digits, 200, http.Header{"Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg=="},
			"X-Ms-Blob-Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg=="}}, "content-md5 md5!, x-ms-blob-content-md5 md5 whole!"},
		{"nothing", hello, 200, http.Header{"Etag": {`"x"`}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claims := Of("GET", tt.status, tt.header)
			hashes := NewHashes(claims.Algorithms()...)
			_, _ = hashes.Write([]byte(tt.body))
			var words []string
			for _, c := range claims {
				word := c.Field + " " + c.Algorithm
				if c.OfWhole {
					word += " whole"
				}
				if wrong := c.Check(hashes); wrong != nil {
					word += "!"
				}
				words = append(words, word)
			}
			if got := strings.Join(words, ", "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// sumOf returns the hash of a text.
func sumOf(algorithm, text string) []byte {
	h := NewHashes(algorithm)
	_, _ = h.Write([]byte(text))
	return h[algorithm].Sum(nil)
}

// TestOtherMethods checks that a response to an upload tells of what was uploaded, and Content-Digest alone of its own
// body.
func TestOtherMethods(t *testing.T) {
	h := http.Header{"Content-Digest": {helloSHA256}, "Repr-Digest": {helloSHA256}, "X-Goog-Hash": {"crc32c=4waSgw=="},
		"X-Amz-Checksum-Crc32": {"y/Q5Jg=="}, "Content-Md5": {"JfnnlDI7RTiF9RgfGNL2Jg=="}}
	for _, method := range []string{"PUT", "POST", "HEAD"} {
		if got := Of(method, 200, h); len(got) != 1 || got[0].Field != "content-digest" {
			t.Errorf("%s: %+v", method, got)
		}
		if got := OfTrailer(method, h); len(got) != 1 || got[0].Field != "content-digest" {
			t.Errorf("%s, in the trailer: %+v", method, got)
		}
	}
}

// TestMismatchSaysWhat checks that both digests, the field and the algorithm are named.
func TestMismatchSaysWhat(t *testing.T) {
	claim := Of("GET", 200, http.Header{"X-Amz-Checksum-Crc32": {"AAAAAQ=="}})[0]
	h := NewHashes("crc32")
	_, _ = h.Write([]byte("123456789"))
	const want = "crc32 of what has come is cbf43926, not 00000001, which the server's x-amz-checksum-crc32 says"
	if got := claim.Check(h).Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzOf: whatever a response says, its claims can be checked.
func FuzzOf(f *testing.F) {
	f.Add(helloSHA256+", "+helloSHA512, "4waSgw==", "crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfGNL2Jg==")
	f.Fuzz(func(t *testing.T, dictionary, text, google string) {
		h := http.Header{"Content-Digest": {dictionary}, "Repr-Digest": {dictionary, text}, "Content-Md5": {text},
			"X-Amz-Checksum-Crc32c": {text}, "X-Goog-Hash": {google, text}}
		for _, c := range Of("GET", 200, h) {
			if c.Check(NewHashes(c.Algorithm)) != nil && c.Is(NewHashes(c.Algorithm)[c.Algorithm].Sum(nil)) {
				t.Errorf("%+v is that of nothing, and is not", c)
			}
		}
	})
}
