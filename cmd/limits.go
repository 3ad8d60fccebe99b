package cmd

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/limits"
	"batchfetch/fetch/resp"
)

const (
	// limitsTimeout bounds a call of the server of --limits; one that is slower has failed.
	limitsTimeout = time.Second
	limitsHint    = "write redis://[user:password@]host[:port][/db], best in BATCHFETCH_LIMITS"
)

// limitsConfig parses --limits. It never quotes the address, which may hold a password.
func limitsConfig(address string, o *fetch.Options) (resp.Config, error) {
	var roots *x509.CertPool
	if o.TLS != nil {
		roots = o.TLS.RootCAs
	}
	return resp.ParseURL(address, roots, limitsTimeout, 2)
}

// A runLimits keeps the limits of one run together with other processes. nil is that they are the run's own.
type runLimits struct{ keeper *limits.Keeper }

// openLimits opens the server of --limits; warn is called once, where it fails later. The error is that of a server
// that can't be used by a run which has no part of the limits of its own.
func openLimits(ctx context.Context, c *config, warn func(text string)) (*runLimits, error) {
	if c.limits == "" {
		return nil, nil
	}
	server, err := limitsConfig(c.limits, &c.fetch)
	if err != nil {
		return nil, err
	}
	until := "no request starts until it does"
	if c.shard.Of > 0 {
		until = fmt.Sprintf("a part of the limits, 1/%d, is kept until it does", c.shard.Of)
	}
	r := &runLimits{limits.NewKeeper(limits.OpenRedis(server), c.shard.Of, func(err error) {
		warn("the server of --limits does not work, and " + until + ": " + truncate(err.Error()))
	})}
	if c.shard.Of > 0 { // it can do without
		return r, nil
	}
	if err := r.keeper.Check(ctx); err != nil {
		r.close(ctx)
		var refusal *resp.Refusal
		if errors.As(err, &refusal) && refusal.Code == "MOVED" {
			return nil, &usageError{"--limits: " + err.Error(),
				"name a server that is no part of one, or the node that has the slot of {limits}"}
		}
		return nil, fmt.Errorf(
			"the server of --limits can't be used, and without --shard no part of them is this run's: %w", err)
	}
	return r, nil
}

// keep has the run keep its limits so.
func (r *runLimits) keep(o *fetch.Options) {
	if r != nil {
		o.Limiter = r.keeper
	}
}

// close gives back what the run holds.
func (r *runLimits) close(ctx context.Context) {
	if r != nil {
		r.keeper.Close(context.WithoutCancel(ctx))
	}
}
