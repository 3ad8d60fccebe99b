package failure

import (
	"errors"
	"testing"
)

func TestStatusText(t *testing.T) {
	for code, want := range map[int]string{404: "404 Not Found", 599: "599", 999: "999"} {
		if got := StatusText(code); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestUnquoted: the text of an error ends before what it quotes, and with no word that leads there.
func TestUnquoted(t *testing.T) {
	for text, want := range map[string]string{
		`http: message cannot contain multiple Content-Length headers; got ["2" "3"]`: "message cannot contain " +
			"multiple Content-Length headers",
		`malformed HTTP response "secret"`:               "malformed HTTP response",
		`malformed MIME header line: Set-Cookie "secret`: "malformed MIME header line: Set-Cookie",
		"unexpected EOF": "unexpected EOF",
	} {
		if got := Unquoted(errors.New(text)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
