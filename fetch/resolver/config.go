package resolver

import (
	"context"
	"net"
	"time"
)

// A Config says how a Resolver asks and how long it keeps what it was answered.
type Config struct {
	// Network is the family of addresses wanted: ip, ip4 or ip6.
	Network string
	// TTL is how long an answer is kept, whatever its own TTL says; 0 keeps none, and negative goes by the answer's own,
	// within minTTL and maxTTL.
	TTL time.Duration
	// System is the resolver that queries come from; nil is the system's. Its Dial is not used.
	System *net.Resolver
	// Dial makes the sockets of queries; nil is net.Dialer's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Servers returns the servers that may be asked in place of one that System would ask, as host:port, that one first;
	// nil are those of resolv.conf.
	Servers func(first string) []string
}

// setDefaults sets what is empty.
func (c *Config) setDefaults() {
	if c.Network == "" {
		c.Network = "ip"
	}
	if c.System == nil {
		c.System = new(net.Resolver)
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Servers == nil {
		c.Servers = new(resolvConf).servers
	}
}
