package input

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"

	"batchfetch/fetch"
)

// A Shard is one of several parts of an input, each for one machine. All that is asked of one host is in one part, whatever the
// scheme and port, so that what is polite on one machine is polite on all of them together.
type Shard struct {
	// Number is 1 to Of.
	Number int
	// Of is how many there are; 0 is no sharding.
	Of int
}

// Has reports whether what is asked of a host belongs to the shard. The host is a name or an address without a port, as in a checked URL.
//
// It goes by the first eight bytes of the SHA-256 of the name in lower case, without a dot at the end, as a big-endian number modulo Of:
// the same on every machine, in every version and in any other program.
func (s Shard) Has(host string) bool {
	sum := sha256.Sum256([]byte(strings.TrimSuffix(strings.ToLower(host), ".")))
	return s.hasNumber(binary.BigEndian.Uint64(sum[:8]))
}

func (s Shard) hasNumber(n uint64) bool { return s.Of <= 1 || n%uint64(s.Of) == uint64(s.Number-1) }

// Part yields the Requests of source that belong to the shard, each with the Index that it has in the whole input. The others are
// not counted. A line that can't be used asks no host: it belongs to one shard by its Index.
// Where a redirect leads makes no difference: it is followed by whoever was redirected.
func (s Shard) Part(source fetch.Source) fetch.Source {
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

func (s Shard) hasRequest(request *fetch.Request, err error) bool {
	if err == nil || errors.Is(err, fetch.ErrSkipped) {
		if u, wrong := request.ParsedURL(); wrong == nil {
			return s.Has(u.Hostname())
		}
	}
	return s.hasNumber(uint64(request.Index))
}

// isOfOneRequest tells what concerns one Request from the end of the input.
func isOfOneRequest(err error) bool {
	var line *fetch.LineError
	return errors.Is(err, fetch.ErrSkipped) || errors.As(err, &line)
}
