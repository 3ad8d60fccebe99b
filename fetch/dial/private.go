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

// A span is a range of addresses that are not public.
type span struct {
	prefix netip.Prefix
	name   string
}

// privateSpans are those of the IANA special-purpose registries (RFC 6890) that no page on the public network has.
var privateSpans = []span{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared (CGNAT)"}, // RFC 6598
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's own"}, // a public address that only machines of one cloud reach
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},      // the clouds' metadata among them
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "reserved"}, // benchmarks, RFC 2544
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"}, // broadcast among them
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64"}, // RFC 8215
	{netip.MustParsePrefix("100::/64"), "reserved"},
	{netip.MustParsePrefix("2001::/32"), "Teredo"}, // hides both ends of its tunnel
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
	for _, s := range privateSpans {
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
