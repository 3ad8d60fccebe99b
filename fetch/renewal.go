package fetch

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A headerRenewer renews the values of Options.Header, and of the headers of Options.Hosts, once a server answers 401
// because they have expired. It replaces values that targets got from there, and no others: not those of a Request, of
// user and password, or of a URL. It adds no header that a redirect to another origin has taken away. All workers share
// it; nil renews nothing.
type headerRenewer struct {
	options *Options // whose RenewHeader and RenewHosts read
	first   *headerValues
	latest  atomic.Pointer[headerValues]

	mu     sync.Mutex
	readAt time.Time // when read was called last
}

// renewEvery is the least time between two readings.
const renewEvery = time.Second

// newHeaderRenewer returns the renewer of a run; nil where the Options have nothing that is renewed.
func newHeaderRenewer(o *Options) *headerRenewer {
	if o.RenewHeader == nil && o.RenewHosts == nil {
		return nil
	}
	headers := []http.Header{nil}
	if o.RenewHeader != nil {
		headers[0] = o.Header
	}
	if o.RenewHosts != nil {
		headers = append(headers, o.Hosts.headers()...)
	}
	r := &headerRenewer{options: o, first: &headerValues{headers}}
	r.latest.Store(r.first)
	return r
}

// headers returns the header of each host; no rules have none.
func (h *HostRules) headers() []http.Header {
	if h == nil {
		return nil
	}
	headers := make([]http.Header, len(h.all))
	for i, s := range h.all {
		headers[i] = s.Header
	}
	return headers
}

// read reads the values again; false means that they can't be read.
func (r *headerRenewer) read(ctx context.Context) ([]http.Header, bool) {
	headers := slices.Clone(r.latest.Load().headers)
	if r.options.RenewHeader != nil {
		header, ok := r.options.RenewHeader(ctx)
		if !ok {
			return nil, false
		}
		headers[0] = header
	}
	if r.options.RenewHosts != nil {
		rules, ok := r.options.RenewHosts(ctx)
		if !ok || len(rules.headers()) != len(headers)-1 {
			return nil, false
		}
		copy(headers[1:], rules.headers())
	}
	return headers, true
}

// update sets the header of a task's target to the latest values. Responses to a task that was looked up in the cache
// with other credentials are not stored.
func (r *headerRenewer) update(t *task) {
	if r == nil {
		return
	}
	latest := r.latest.Load()
	if renewed, changed := r.replace(t, latest); changed {
		t.Header, t.lookup = renewed, nil
	}
	t.values = latest
}

// replace returns the header of a task's target with the values of latest, and whether that is another header.
func (r *headerRenewer) replace(t *task, latest *headerValues) (renewed http.Header, changed bool) {
	renewed = t.Header
	for i, header := range latest.headers {
		for name, value := range header {
			had := t.Header[name]
			if !isSame(had, r.first.headers[i][name]) && (t.values == nil || !isSame(had, t.values.headers[i][name])) {
				continue
			}
			if !isSame(had, value) {
				renewed, changed = mergeHeaders(renewed, http.Header{name: value}), true
			}
		}
	}
	return renewed, changed
}

// renew reads the values again after a 401 to a task, unless they have changed since its exchange began or were read a
// moment ago, and reports whether there are others for it now.
func (r *headerRenewer) renew(ctx context.Context, t *task) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := r.latest.Load()
	if _, changed := r.replace(t, latest); changed {
		return true
	}
	now := time.Now()
	if !latest.isUsedIn(t.Header) {
		return false
	}
	if !r.readAt.IsZero() && now.Sub(r.readAt) < renewEvery {
		return false
	}
	r.readAt = now
	headers, ok := r.read(ctx)
	if !ok {
		return false
	}
	next := latest.with(headers)
	if next == latest {
		return false
	}
	r.latest.Store(next)
	_, changed := r.replace(t, next)
	return changed
}

// renewHeader makes the Verdict on a 401 a Restart where Options.RenewHeader has other values than the request had: the
// request is then made once more, which is no retry. One that its line says not to repeat is not, but those after it
// have the new values.
func (r *headerRenewer) renewHeader(ctx context.Context, t *task, a *judge.Answer) {
	if r == nil || t.renewed || a.Status != http.StatusUnauthorized || a.Failure != nil || a.Challenged ||
		t.Verdict.Failure == nil || isProxyRefusal(t.Verdict.Failure) || !r.renew(ctx, t) {
		return
	}
	if t.Verdict.Refusal { // the retry after its hold has the new values
		return
	}
	if t.request.Retry != nil && !*t.request.Retry {
		return
	}
	t.renewed = true
	t.Verdict.Fate, t.Verdict.Delay, t.Verdict.Unconditional = judge.Restart, 0, false
}

// isProxyRefusal reports whether a failure is that a proxy refused the request, and not the host.
func isProxyRefusal(f *failure.Failure) bool {
	var refusal *failure.ProxyRefusal
	return f != nil && errors.As(f, &refusal)
}
