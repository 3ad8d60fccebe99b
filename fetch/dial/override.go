package dial

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
)

// An Override gives a host and port addresses in place of those that DNS has (curl --resolve).
type Override struct {
	Host  string // in ASCII and lower case; * is every host that has no Override of its own
	Port  uint16
	Addrs []netip.Addr // tried in this order; at least one
}

// ParseOverride reads HOST:PORT:ADDR[,ADDR]... as curl does. HOST is a name, * or an address. An IPv6 address is in
// brackets, and may be among the ADDRs. A + in front, which lets curl's entry expire with its DNS cache, is allowed and
// has no meaning: an Override stays. The error says what is wrong, to be read behind the text.
func ParseOverride(text string) (Override, error) {
	host, rest, err := cutHost(strings.TrimPrefix(text, "+"))
	if err != nil {
		return Override{}, err
	}
	portText, list, found := strings.Cut(rest, ":")
	if !found || host == "" {
		return Override{}, errors.New("is not HOST:PORT:ADDRESS")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return Override{}, errors.New("has a port that is not 1 to 65535")
	}
	o := Override{Host: host, Port: uint16(port)}
	for each := range strings.SplitSeq(list, ",") {
		each = strings.TrimSpace(each)
		if inner, open := strings.CutPrefix(each, "["); open && strings.HasSuffix(inner, "]") {
			each = strings.TrimSuffix(inner, "]")
		}
		a, err := netip.ParseAddr(each)
		if err != nil {
			return Override{}, fmt.Errorf("has %q where an IP address belongs", failure.Clip(each, 64))
		}
		o.Addrs = append(o.Addrs, a)
	}
	return o, nil
}

// cutHost returns the host before the first colon, an IPv6 address without its brackets, and what follows the colon.
func cutHost(text string) (host, rest string, err error) {
	if inner, open := strings.CutPrefix(text, "["); open {
		host, rest, _ = strings.Cut(inner, "]:")
		if _, err := netip.ParseAddr(host); err != nil {
			return "", "", errors.New("has brackets around what is no IPv6 address")
		}
		return host, rest, nil
	}
	host, rest, _ = strings.Cut(text, ":")
	if strings.HasPrefix(host, "-") {
		return "", "", errors.New("starts with -, which takes away what was never kept")
	}
	if !httpurl.IsASCII(host) {
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", "", errors.New("has a host that is no international domain name")
		}
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), rest, nil
}

// overridesByHost maps host:port to the addresses of its Override.
type overridesByHost map[string][]netip.Addr

// indexOverrides returns overrides by host and port. Of two for one host and port the later counts, as with curl.
func indexOverrides(overrides []Override) overridesByHost {
	p := make(overridesByHost, len(overrides))
	for _, o := range overrides {
		p[net.JoinHostPort(o.Host, strconv.Itoa(int(o.Port)))] = o.Addrs
	}
	return p
}

// of returns the addresses given for host and port, or nil.
func (p overridesByHost) of(host, port string) []netip.Addr {
	if len(p) == 0 {
		return nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if own := p[net.JoinHostPort(host, port)]; own != nil {
		return own
	}
	return p["*:"+port]
}
