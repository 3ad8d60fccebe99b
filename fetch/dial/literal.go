package dial

import (
	"net/netip"
	"strconv"
	"strings"
)

// LiteralAddr returns the IP address that host is written as, and whether it is one. Beside the usual forms it reads
// those of inet_aton, as many resolvers do: decimal (2130706433), octal (0177.0.0.1), hexadecimal (0x7f.1), short
// (127.1).
func LiteralAddr(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(host, ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true
	}
	return numericAddr(host)
}

// numericAddr reads an IPv4 address as inet_aton does: one to four numbers, the last of which fills the bytes left.
func numericAddr(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var whole uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		n, ok := numericPart(part, bits)
		if !ok {
			return netip.Addr{}, false
		}
		whole = whole<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}

// numericPart reads one number of an address, of at most so many bits.
func numericPart(text string, bits int) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		text, base = text[2:], 16
		if text == "" {
			text = "0" // as inet_aton reads a bare 0x
		}
	case len(text) > 1 && text[0] == '0':
		text, base = text[1:], 8
	}
	n, err := strconv.ParseUint(text, base, bits)
	return n, err == nil
}

// EndsInNumber reports whether the last label of host is a number, decimal, octal or hexadecimal, of any size. No name
// of DNS has such a label (RFC 3696 section 2), and what reads such a host as an address may read another one than
// LiteralAddr, or one where LiteralAddr reads none.
func EndsInNumber(host string) bool {
	host = strings.TrimRight(host, ".")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if digits, isHex := strings.CutPrefix(last, "0x"); isHex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// IsLocalhost reports whether host is localhost or a name below it, which is loopback without a lookup (RFC 6761
// section 6.3).
func IsLocalhost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Loopbacks are the addresses of localhost, in the order in which they are tried.
var Loopbacks = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
