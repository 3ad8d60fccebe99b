package fetch

import "errors"

// worthAgain goes by the status where a proxy has refused a tunnel: it is an answer, not a connection that failed.
func (o *Options) worthAgain(f *Failure) bool {
	var r *proxyRefusal
	if errors.As(f, &r) {
		return o.RetryOn.Statuses.Has(r.status)
	}
	return o.RetryOn.hasKind(f.Kind)
}
