package cache

import (
	"net/http"
	"testing"
)

// TestManyVaryNames checks that a response that varies by too many headers is not stored.
func TestManyVaryNames(t *testing.T) {
	vary := make(http.Header)
	for i := range mostNames + 1 {
		vary.Add("Vary", "X-"+string(rune('A'+i)))
	}
	place := Place{}
	if _, err := place.Draft(t.Context(), nil, &Request{}, vary); err != errVaries {
		t.Errorf("got %v", err)
	}
}
