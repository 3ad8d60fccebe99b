package failure

import (
	"strings"
	"testing"
)

func TestKindsAreTheContracts(t *testing.T) {
	const contract = "invalid_request dns connect tls timeout stalled reset truncated protocol status " +
		"too_many_redirects too_large checksum decode blocked_address host_down rate_limited robots io canceled"
	var words []string
	for _, kind := range Kinds() {
		words = append(words, string(kind))
	}
	if got := strings.Join(words, " "); got != contract {
		t.Errorf("got  %s\nwant %s", got, contract)
	}
}
