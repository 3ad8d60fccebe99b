package fetch

// Limit is what kept the next exchange from starting.
type Limit string

// The limits of a run, as they stand in its Summary.
const (
	LimitConcurrency     Limit = "concurrency"
	LimitHostConcurrency Limit = "host-concurrency"
	LimitRate            Limit = "rate"
	LimitHostRate        Limit = "host-rate"
	LimitBandwidth       Limit = "bandwidth"    // exchanges waited for Options.Bandwidth; it comes before any other
	LimitPausedHosts     Limit = "paused-hosts" // hosts had asked for a pause (Retry-After), or back-off
	LimitQuota           Limit = "quota"        // a host's quota, as it told it, was used up
	LimitNetwork         Limit = "network"      // no more could start: exchanges under way had to end first
	LimitInput           Limit = "input"        // the Source had no Request ready
	LimitOutput          Limit = "output"       // the Sink was behind, or temporary files lacked room
	LimitDNS             Limit = "dns"          // most exchanges under way waited for the addresses of a name
	LimitCache           Limit = "cache"        // nothing was under way but cache lookups
)
