package input

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"

	"batchfetch/fetch"
)

// A Shard is one of several parts of an input, each for one machine. All Requests to one host are in the same part,
// whatever their scheme and port, so that the limits per host hold for all machines together; or, where one host has
// most of them, single Requests are.
type Shard struct {
	// Number is that of this shard, from 1 to Of.
	Number int
	// Of is the number of shards; 0 means that the input is not divided.
	Of int
	// ByRequest divides by the Request, and not by its host: equal ones are in one part.
	ByRequest bool
}

// Has reports whether Requests to a host belong to the shard. host is a name or an address without a port, as in a
// checked URL.
//
// The part is the first eight bytes of the SHA-256 of the name, in lower case and without a dot at the end, as a
// big-endian number modulo Of: the same on every machine, in every version and in any other program.
func (s Shard) Has(host string) bool {
	return s.hasHash([]byte(strings.TrimSuffix(strings.ToLower(host), ".")))
}

// hasHash reports whether what has this text belongs to the shard.
func (s Shard) hasHash(text []byte) bool {
	sum := sha256.Sum256(text)
	return s.hasNumber(binary.BigEndian.Uint64(sum[:8]))
}

// hasNumber reports whether a hash or an index belongs to the shard.
func (s Shard) hasNumber(n uint64) bool { return s.Of <= 1 || n%uint64(s.Of) == uint64(s.Number-1) }

// Filter yields the Requests of source that belong to the shard, each with its Index in the whole input. The others are
// left out, and count nowhere. A line that can't be used has no host: it belongs to a shard by its Index. Redirects are
// followed by the shard of the first URL, to whatever host they lead.
func (s Shard) Filter(source fetch.Source) fetch.Source {
	if s.Of <= 1 {
		return source
	}
	return func(yield func(fetch.Request, error) bool) {
		for request, err := range source {
			if (err == nil || isOfOneRequest(err)) && !s.hasRequest(&request, err) {
				continue
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

// hasRequest reports whether a Request, or the line of err, belongs to the shard.
func (s Shard) hasRequest(request *fetch.Request, err error) bool {
	if err == nil || errors.Is(err, fetch.ErrSkipped) {
		if s.ByRequest {
			return s.hasHash(request.AppendCanonical(nil))
		}
		if u, wrong := request.ParsedURL(); wrong == nil {
			return s.Has(u.Hostname())
		}
	}
	return s.hasNumber(uint64(request.Index))
}

// isOfOneRequest reports whether an error concerns one Request, and is not the end of the Source.
func isOfOneRequest(err error) bool {
	var line *fetch.LineError
	return errors.Is(err, fetch.ErrSkipped) || errors.As(err, &line)
}
