package failure

import "testing"

func TestStatusText(t *testing.T) {
	for code, want := range map[int]string{404: "404 Not Found", 599: "599", 999: "999"} {
		if got := StatusText(code); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
