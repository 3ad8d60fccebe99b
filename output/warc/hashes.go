package warc

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what readers compare; bodies are told apart by bodyKey
	"hash"
	"hash/maphash"
	"strings"

	"batchfetch/fetch"
)

// bodySums are the hashes of a response.
type bodySums struct {
	head           []byte          // as it is written
	payload, block [sha1.Size]byte // of the body, and of head and body
	key            bodyKey         // of a body that identifies
	identifies     bool            // the body is whole, and not empty
}

// responseHashes are what a response is hashed with.
type responseHashes struct {
	payload, block hash.Hash
	keyed          maphash.Hash
}

func newResponseHashes() responseHashes {
	return responseHashes{payload: sha1.New(), block: sha1.New()} //nolint:gosec // as above
}

// Write hashes bytes of the body.
func (h *responseHashes) Write(p []byte) (int, error) {
	_, _ = h.payload.Write(p) // no hash has an error
	_, _ = h.keyed.Write(p)
	return h.block.Write(p)
}

// sum hashes a response.
func (h *responseHashes) sum(c *fetch.Capture) (s bodySums, err error) {
	s = bodySums{head: archivedHead(c.ResponseHead), identifies: c.Truncated == "" && c.Body.Size() > 0}
	h.payload.Reset()
	h.block.Reset()
	h.keyed.SetSeed(bodySeed)
	_, _ = h.block.Write(s.head)
	_, err = c.Body.WriteTo(h)
	h.payload.Sum(s.payload[:0])
	h.block.Sum(s.block[:0])
	s.key = bodyKey{s.payload, h.keyed.Sum64()}
	return s, err
}

// archivedHead returns the head of a response whose body is written without its transfer coding: as it is, but for the
// name of Transfer-Encoding.
func archivedHead(head []byte) []byte {
	const name = "transfer-encoding"
	var changed []byte
	at, copied := 0, 0
	for line := range bytes.Lines(head) {
		if len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) &&
			bytes.HasPrefix(bytes.TrimLeft(line[len(name):], " \t"), []byte(":")) {
			changed = append(append(changed, head[copied:at]...), "X-Archive-Orig-"...)
			copied = at
		}
		at += len(line)
	}
	if changed == nil {
		return head
	}
	return append(changed, head[copied:]...)
}
