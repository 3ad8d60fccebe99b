package dial

import (
	"net/netip"
	"strconv"
	"strings"
)

// LiteralAddr returns the address that host spells out. Beside the usual forms it knows those of inet_aton, which
// many resolvers read: decimal (2130706433), octal (0177.0.0.1), hexadecimal (0x7f.1) and short (127.1) ones.
func LiteralAddr(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(host, ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true
	}
	return numericAddr(host)
}

// numericAddr reads one to four numbers, of which the last fills the bytes that are left.
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

// IsLocalhost names what is loopback without asking anyone (RFC 6761 section 6.3).
func IsLocalhost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Loopbacks are the addresses of localhost, in the order of asking.
var Loopbacks = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
