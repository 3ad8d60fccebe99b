package fetch

import "time"

// transportConfig returns the configuration of a run's Transport over a network.
func (o *Options) transportConfig(n network) transportConfig {
	dial := dialConfig{Network: n, Family: "tcp", UnixSocket: o.UnixSocket, Overrides: o.Resolve, UserAgent: o.UserAgent, Timeouts: o.dialTimeouts}
	switch {
	case o.IPv4:
		dial.Family = "tcp4"
	case o.IPv6:
		dial.Family = "tcp6"
	}
	return transportConfig{
		HTTP: o.HTTP, TLS: o.TLS,
		Concurrency: o.Concurrency, HostConcurrency: o.Hosts.most(o.HostConcurrency), Bandwidth: o.Bandwidth,
		HTTPProxy: o.HTTPProxy, HTTPSProxy: o.HTTPSProxy, NoProxy: o.NoProxy,
		Private: o.Private, Dial: dial,
	}
}

// dialTimeouts returns the ConnectTimeout and the Timeout of an origin.
func (o *Options) dialTimeouts(origin string) (connect, exchange time.Duration) {
	connect, exchange = o.ConnectTimeout, o.Timeout
	if own := o.Hosts.Of(origin); own != nil {
		connect, exchange = or(own.ConnectTimeout, connect), or(own.Timeout, exchange)
	}
	return connect, exchange
}
