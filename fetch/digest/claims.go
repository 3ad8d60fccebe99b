package digest

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/dunglas/httpsfv"
)

// A Claim is a digest that a response says it has.
type Claim struct {
	// Field is the header field, in lower case, and Algorithm one of its algorithms.
	Field     string
	Algorithm string
	// OfWhole says that it is of the whole representation, of which the message may have a part; else it is of the content
	// of the message.
	OfWhole bool
	sum     []byte
}

// Claims are the digests of one response.
type Claims []Claim

// fields are the canonical names of all header fields that have digests.
var fields = []string{"Content-Digest", "Repr-Digest", "Content-Md5", "X-Goog-Hash", "X-Amz-Checksum-Sha256",
	"X-Amz-Checksum-Sha1", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc32",
	"Docker-Content-Digest", "X-Ms-Blob-Content-Md5"}

// Of returns what a response with this status and header says of its body. To another method than GET all but
// Content-Digest may be of the resource, as that of a PUT is of what was uploaded. Of the checksums of one vendor the
// strongest one counts.
func Of(method string, status int, h http.Header) (list Claims) {
	found := false
	for _, name := range fields {
		if h[name] != nil {
			found = true
			break
		}
	}
	if !found {
		return nil
	}
	list = appendDictionary(list, "content-digest", false, h["Content-Digest"])
	if method != http.MethodGet {
		return list
	}
	list = appendDictionary(list, "repr-digest", true, h["Repr-Digest"])
	if status == http.StatusOK {
		list = appendText(list, "content-md5", "md5", false, one(h["Content-Md5"]))
		list = appendAmazon(list, h)
	}
	if status == http.StatusOK || status == http.StatusPartialContent {
		list = appendBlob(list, h)
	}
	return appendGoogle(list, h)
}

// OfTrailer returns what the trailer of a response says: its Content-Digest and, to GET, its Repr-Digest (RFC 9530
// section 6.4).
func OfTrailer(method string, h http.Header) Claims {
	list := appendDictionary(nil, "content-digest", false, h["Content-Digest"])
	if method != http.MethodGet {
		return list
	}
	return appendDictionary(list, "repr-digest", true, h["Repr-Digest"])
}

// IsInTrailer reports whether a response announces digests in its trailer.
func IsInTrailer(trailer http.Header) bool {
	_, content := trailer["Content-Digest"]
	_, whole := trailer["Repr-Digest"]
	return content || whole
}

// one returns the value of a field that has one line; "" is none.
func one(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return strings.TrimSpace(values[0])
}

// appendDictionary appends the digests of a field of RFC 9530, a dictionary of byte sequences (RFC 9651 section 3.2).
func appendDictionary(list Claims, field string, ofWhole bool, lines []string) Claims {
	if len(lines) == 0 {
		return list
	}
	members, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return list
	}
	for _, name := range []string{"sha-512", "sha-256"} {
		member, found := members.Get(name)
		if !found {
			continue
		}
		if item, is := member.(httpsfv.Item); is {
			if sum, is := item.Value.([]byte); is {
				list = appendSum(list, Claim{field, name, ofWhole, sum})
			}
		}
	}
	return list
}

// appendText appends a digest in base64; "" is none.
func appendText(list Claims, field, algorithm string, ofWhole bool, text string) Claims {
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return list
	}
	return appendSum(list, Claim{field, algorithm, ofWhole, sum})
}

// appendSum appends a claim, unless its sum has another length than those of its algorithm: then it is something else.
func appendSum(list Claims, c Claim) Claims {
	if len(c.sum) != algorithms[c.Algorithm].New().Size() {
		return list
	}
	return append(list, c)
}

// appendAmazon appends the strongest checksum of S3 that is of the whole object. One with a number behind it, or of the
// type COMPOSITE, is of the checksums of the parts in which the object was uploaded.
func appendAmazon(list Claims, h http.Header) Claims {
	if strings.EqualFold(one(h["X-Amz-Checksum-Type"]), "COMPOSITE") {
		return list
	}
	for _, algorithm := range [...]string{"sha256", "sha1", "crc64nvme", "crc32c", "crc32"} {
		name := "X-Amz-Checksum-" + strings.ToUpper(algorithm[:1]) + algorithm[1:]
		field := strings.ToLower(name)
		if algorithm == "sha256" {
			algorithm = "sha-256"
		}
		before := len(list)
		if list = appendText(list, field, algorithm, false, one(h[name])); len(list) > before {
			break
		}
	}
	return list
}

// appendGoogle appends the strongest hash of Cloud Storage, which is of the object as it is stored. Where that has a
// coding which the response has not, it was decompressed on its way (decompressive transcoding).
func appendGoogle(list Claims, h http.Header) Claims {
	stored := one(h["X-Goog-Stored-Content-Encoding"])
	if strings.EqualFold(stored, "identity") {
		stored = ""
	}
	if h["X-Goog-Hash"] == nil || !strings.EqualFold(stored, strings.Join(h["Content-Encoding"], ", ")) {
		return list
	}
	sums := map[string]string{}
	for _, line := range h["X-Goog-Hash"] {
		for pair := range strings.SplitSeq(line, ",") {
			name, sum, _ := strings.Cut(strings.TrimSpace(pair), "=")
			sums[strings.ToLower(name)] = sum
		}
	}
	for _, algorithm := range [...]string{"md5", "crc32c"} {
		before := len(list)
		if list = appendText(list, "x-goog-hash", algorithm, true, sums[algorithm]); len(list) > before {
			break
		}
	}
	return list
}

// appendBlob appends the digests of a blob as it is stored: those of container registries (OCI Distribution
// Specification, "Pulling manifests") and of Azure. They say nothing of a response with a coding, which a gateway may
// have added, nor of a signed manifest of old, whose digest leaves out the signatures.
func appendBlob(list Claims, h http.Header) Claims {
	if h["Content-Encoding"] != nil {
		return list
	}
	name, text, _ := strings.Cut(one(h["Docker-Content-Digest"]), ":")
	known := map[string]string{"sha256": "sha-256", "sha512": "sha-512"}[name]
	sum, err := hex.DecodeString(text)
	if known != "" && err == nil && !strings.Contains(one(h["Content-Type"]), "+prettyjws") {
		list = appendSum(list, Claim{"docker-content-digest", known, true, sum})
	}
	return appendText(list, "x-ms-blob-content-md5", "md5", true, one(h["X-Ms-Blob-Content-Md5"]))
}
