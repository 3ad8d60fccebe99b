package fetch

// policy is what the Options say about answers and retries. It is made once for each targeter: see targeter.policy.
func (o *Options) policy() policy {
	return policy{
		AcceptStatus:  o.AcceptStatus,
		MaxRedirects:  o.MaxRedirects,
		Retries:       o.Retries,
		RetryOn:       o.RetryOn,
		RetryDelay:    o.RetryDelay,
		RetryMaxDelay: o.RetryMaxDelay,
		RetryMaxTime:  o.RetryMaxTime,
		RetryUnsafe:   o.RetryUnsafe,
		Adaptive:      o.Adaptive,
	}
}

// limits is what the Options say about when a Task may start, and how many may wait in memory.
func (o *Options) limits() limits {
	return limits{
		Concurrency:   o.Concurrency,
		Lookahead:     o.Lookahead,
		Rate:          o.Rate,
		SpillBytes:    o.Aside,
		Adaptive:      o.Adaptive,
		HostMaxErrors: o.HostMaxErrors,
		RetryDelay:    o.RetryDelay,
		RetryMaxDelay: o.RetryMaxDelay,
		Host:          o.hostLimits,
	}
}

// hostLimits returns the limits of one origin: its own, or else the run's.
func (o *Options) hostLimits(origin string) (concurrency int, rate float64) {
	own := o.Hosts.Of(origin)
	if own == nil {
		return o.HostConcurrency, o.HostRate
	}
	return or(own.Concurrency, o.HostConcurrency), or(own.Rate, o.HostRate)
}
