package output

import (
	"testing"

	"batchfetch/fetch/failure"
)

// TestIsFinal: another try of what the server calls wrong or absent would end the same; one of a limit, of credentials
// or of the moment may not.
func TestIsFinal(t *testing.T) {
	for _, tt := range []struct {
		kind   failure.Kind
		status int
		want   bool
	}{
		{failure.InvalidRequest, 0, true}, {failure.BadStatus, 400, true}, {failure.BadStatus, 404, true},
		{failure.BadStatus, 410, true}, {failure.BadStatus, 422, true}, {failure.BadStatus, 401, false},
		{failure.BadStatus, 403, false}, {failure.BadStatus, 407, false}, {failure.BadStatus, 408, false},
		{failure.BadStatus, 409, false}, {failure.BadStatus, 421, false}, {failure.BadStatus, 423, false},
		{failure.BadStatus, 425, false}, {failure.BadStatus, 429, false}, {failure.BadStatus, 500, false},
		{failure.BadStatus, 302, false}, {failure.TooLarge, 404, false}, {failure.Stalled, 0, false},
	} {
		g := FailureGroup{Cause: Cause{Kind: tt.kind}, Example: Example{Status: tt.status}}
		if got := g.IsFinal(); got != tt.want {
			t.Errorf("%s %d: %t", tt.kind, tt.status, got)
		}
	}
}
