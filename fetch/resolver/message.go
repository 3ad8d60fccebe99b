package resolver

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A reply is what a server answered to a question, or why it did not.
type reply struct {
	server    string
	raw       []byte // the message
	rcode     dnsmessage.RCode
	addrs     []netip.Addr
	ttl       time.Duration // the least of its answers; 0 without any
	truncated bool
	lame      bool  // a referral: the server does not look names up
	err       error // there is no answer
}

// isConclusive reports whether no other server would know better.
func (r *reply) isConclusive() bool {
	return r.err == nil && !r.lame && (r.rcode == dnsmessage.RCodeSuccess || r.rcode == dnsmessage.RCodeNameError)
}

// isRefusedOption reports whether the answer is that of a server that does not know EDNS0 (RFC 6891 section 7).
func (r *reply) isRefusedOption() bool {
	return r.err == nil && (r.rcode == dnsmessage.RCodeFormatError || r.rcode == dnsmessage.RCodeNotImplemented ||
		r.rcode == rcodeBadVersion)
}

const rcodeBadVersion dnsmessage.RCode = 16 // BADVERS, RFC 6891 section 9

// errMalformed is the error of a reply that has a valid header and question, and can't be read otherwise.
var errMalformed = errors.New("a malformed message")

// errSilent is the error of an exchange in which no server answered in time.
var errSilent = errors.New("no answer in time")

// rcodeNames are the names of response codes (IANA DNS RCODEs).
var rcodeNames = map[dnsmessage.RCode]string{
	dnsmessage.RCodeFormatError: "FORMERR", dnsmessage.RCodeServerFailure: "SERVFAIL",
	dnsmessage.RCodeNotImplemented: "NOTIMP", dnsmessage.RCodeRefused: "REFUSED", 9: "NOTAUTH",
	rcodeBadVersion: "BADVERS",
}

// says is what a server answered, in words that follow its address.
func (r *reply) says() string {
	switch {
	case r.err != nil && errors.Is(r.err, errMalformed):
		return "answered with " + r.err.Error()
	case r.err != nil:
		return "can't be asked: " + innermost(r.err).Error()
	case r.lame:
		return "answered with a referral, and looks no names up"
	case rcodeNames[r.rcode] != "":
		return "answered " + rcodeNames[r.rcode]
	}
	return "answered with the code " + strings.TrimPrefix(r.rcode.String(), "RCode")
}

func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// moreTelling returns the one of two replies that says more: an answer, then what a server answered, then silence.
func moreTelling(a, b reply) reply {
	if weight(b) > weight(a) {
		return b
	}
	return a
}

func weight(r reply) int {
	switch {
	case r.isConclusive():
		return 4
	case r.err == nil && r.rcode == dnsmessage.RCodeServerFailure:
		return 3
	case r.err == nil:
		return 2
	case !errors.Is(r.err, errSilent):
		return 1
	}
	return 0
}

// response returns the message of a reply as the response to a query, or its error.
func (r *reply) response(query []byte) ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	return withID(r.raw, uint16(query[0])<<8|uint16(query[1])), nil
}

// questionOf returns the question of a query.
func questionOf(query []byte) (dnsmessage.Question, error) {
	var p dnsmessage.Parser
	if _, err := p.Start(query); err != nil {
		return dnsmessage.Question{}, err
	}
	return p.Question()
}

const headerLen = 12 // RFC 1035 section 4.1.1

// withID returns a copy of a message with that ID.
func withID(message []byte, id uint16) []byte {
	own := append([]byte(nil), message...)
	binary.BigEndian.PutUint16(own, id)
	return own
}

// withoutOptions returns a copy of a query without what follows its question: EDNS0 (RFC 6891).
func withoutOptions(query []byte) []byte {
	end := headerLen
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1 // net writes no compressed names into a query
	}
	end += 5 // the root label, type and class
	if end > len(query) {
		return query
	}
	plain := append([]byte(nil), query[:end]...)
	clear(plain[6:headerLen]) // the counts of all but questions
	return plain
}

// noData returns a response to a query that has no records of its type.
func noData(query []byte) []byte {
	empty := withoutOptions(query)
	empty[2] |= 0x80 // QR
	empty[3] = 0x80  // RA, NOERROR
	return empty
}

// parseReply reads a message that may be the response to a query with that ID and question. It returns nil for one that
// is not, such as a forged one: the response may still come. A server that could not read the query may leave out the
// question.
func parseReply(raw []byte, id uint16, q dnsmessage.Question) *reply {
	var p dnsmessage.Parser
	h, err := p.Start(raw)
	if err != nil || !h.Response || h.ID != id {
		return nil
	}
	r := &reply{raw: raw, rcode: h.RCode, truncated: h.Truncated}
	switch got, err := p.Question(); {
	case errors.Is(err, dnsmessage.ErrSectionDone) && h.RCode != dnsmessage.RCodeSuccess:
		return r
	case err != nil || got.Type != q.Type || got.Class != q.Class,
		lowerASCII(got.Name.String()) != lowerASCII(q.Name.String()):
		return nil
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil
	}
	answers := 0
	for {
		more, err := r.readAnswer(&p)
		if err != nil && !r.truncated {
			r.err = errMalformed
			return r
		}
		if !more || err != nil {
			break
		}
		answers++
	}
	hasMore := r.readOptions(p, h)
	r.lame = r.rcode == dnsmessage.RCodeSuccess && answers == 0 && !h.Authoritative && !h.RecursionAvailable && !hasMore
	return r
}

// readAnswer reads the next record of the answer section; false is its end.
func (r *reply) readAnswer(p *dnsmessage.Parser) (bool, error) {
	h, err := p.AnswerHeader()
	if errors.Is(err, dnsmessage.ErrSectionDone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch h.Type {
	case dnsmessage.TypeA:
		a, err := p.AResource()
		if err != nil {
			return false, err
		}
		r.addrs = append(r.addrs, netip.AddrFrom4(a.A))
	case dnsmessage.TypeAAAA:
		a, err := p.AAAAResource()
		if err != nil {
			return false, err
		}
		r.addrs = append(r.addrs, netip.AddrFrom16(a.AAAA))
	default:
		if err := p.SkipAnswer(); err != nil {
			return false, err
		}
	}
	ttl := time.Duration(h.TTL) * time.Second
	if h.TTL>>31 == 1 {
		ttl = 0 // RFC 2181 section 8
	}
	if r.ttl == 0 || ttl < r.ttl {
		r.ttl = max(ttl, 1) // 0 is that there is none
	}
	return true, nil
}

// readOptions adds the upper bits of the response code, and reports whether there are additional records. p is a copy.
func (r *reply) readOptions(p dnsmessage.Parser, h dnsmessage.Header) (hasMore bool) {
	_ = p.SkipAllAnswers()     // what can't be read ends the loop below
	_ = p.SkipAllAuthorities() // likewise
	for {
		more, err := p.AdditionalHeader()
		if err != nil {
			return hasMore
		}
		hasMore = true
		if more.Type == dnsmessage.TypeOPT {
			r.rcode = more.ExtendedRCode(h.RCode)
			return true
		}
		if p.SkipAdditional() != nil {
			return true
		}
	}
}

// lowerASCII returns a host in lower case, as names are compared (RFC 4343).
func lowerASCII(host string) string {
	for i := range len(host) {
		if 'A' <= host[i] && host[i] <= 'Z' {
			lower := []byte(host)
			for i, c := range lower {
				if 'A' <= c && c <= 'Z' {
					lower[i] = c + 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return host
}
