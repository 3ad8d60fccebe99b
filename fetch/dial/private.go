package dial

import "net/netip"

// Policy says when addresses that are not public may be connected to. It guards the own network against redirects of
// foreign pages (server-side request forgery, SSRF).
type Policy string

// The choices of Policy.
const (
	PrivateAllow     Policy = "allow"     // always
	PrivateRedirects Policy = "redirects" // unless a public page redirects there: the input may name them
	PrivateDeny      Policy = "deny"      // never
)

// A span is a range of addresses, and the kind of address that they are; "" is a public one.
type span struct {
	prefix netip.Prefix
	name   string
}

// specialSpans are the blocks of the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), in the version
// of 2025-10-09, that are not globally reachable, with the multicast ranges and some more that no page on the public
// network has. Of two that contain an address the first counts. Of what the registries call globally reachable the
// anycast addresses for a port mapper or relay nearby (192.0.0.9, 192.0.0.10, 2001:1::1 to 3) count as special, too.
var specialSpans = []span{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared (CGNAT)"}, // RFC 6598
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's own"}, // a public address that only machines of one cloud reach
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},      // the clouds' metadata among them
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},       // protocol assignments
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},  // RFC 5737, as the other two
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"}, // deprecated, RFC 7526
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "reserved"}, // benchmarks, RFC 2544
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"}, // broadcast among them

	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64"},  // RFC 8215
	{netip.MustParsePrefix("100::/64"), "reserved"},           // is discarded, RFC 6666
	{netip.MustParsePrefix("100:0:0:1::/64"), "reserved"},     // dummy prefix, RFC 9780
	{netip.MustParsePrefix("2001::/32"), "Teredo"},            // hides both ends of its tunnel
	{netip.MustParsePrefix("2001:3::/32"), ""},                // AMT, RFC 7450
	{netip.MustParsePrefix("2001:4:112::/48"), ""},            // AS112, RFC 7535
	{netip.MustParsePrefix("2001:20::/28"), ""},               // ORCHIDv2, RFC 7343
	{netip.MustParsePrefix("2001:30::/28"), ""},               // remote identities of drones, RFC 9374
	{netip.MustParsePrefix("2001::/23"), "reserved"},          // protocol assignments: benchmarks (2001:2::/48), ORCHID
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"}, // RFC 3849
	{netip.MustParsePrefix("3fff::/20"), "documentation"},     // RFC 9637
	{netip.MustParsePrefix("5f00::/16"), "a segment of SRv6"}, // RFC 9602
	{netip.MustParsePrefix("fc00::/7"), "unique-local"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// embeddings are the IPv6 ranges whose addresses contain an IPv4 address, and the byte at which it begins.
var embeddings = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("::/96"), 12},           // compatible, RFC 4291 section 2.5.5.1
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // translated, RFC 2765
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64, RFC 6052
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4, RFC 3056
}

// PrivateName returns the kind of address that a is, such as "loopback", where it is not public, and "" where it is
// (RFC 6890). An IPv4 address within an IPv6 one counts as itself.
func PrivateName(a netip.Addr) string {
	a = a.WithZone("").Unmap()
	for _, s := range specialSpans {
		if s.prefix.Contains(a) {
			return s.name
		}
	}
	if a.Is4() {
		return ""
	}
	for _, e := range embeddings {
		if e.prefix.Contains(a) {
			whole := a.As16()
			return PrivateName(netip.AddrFrom4([4]byte(whole[e.at : e.at+4])))
		}
	}
	return ""
}
