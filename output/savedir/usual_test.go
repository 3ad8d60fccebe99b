package savedir

import "testing"

// TestUsualNames: of no name that is taken as usual anything would be replaced, of any other the same as without that
// short cut, and most that are safe are usual.
func TestUsualNames(t *testing.T) {
	alphabet := []string{"a", "C", "O", "n", "M", "l", "p", "T", "u", "x", "7", "1", "¹", ".", "-", "_", " ", ":", "\\",
		"$", "é", "\x7f", "\u200e", "\xff"}
	count := 0
	var try func(text string, left int)
	try = func(text string, left int) {
		if isUsual(text) {
			count++
			if safe := replaceInUnusual(text); safe != text {
				t.Fatalf("%q is taken as usual, and is made %q", text, safe)
			}
		} else if got, want := replaceUnsafe(text), replaceInUnusual(text); got != want {
			t.Fatalf("%q is made %q, want %q", text, got, want)
		}
		if left == 0 {
			return
		}
		for _, c := range alphabet {
			try(text+c, left-1)
		}
	}
	try("", 4)
	for _, text := range []string{"1k.json", "index", "user-17_b.tar.gz", "2026", "v1", "items", "api.example.com",
		"com.example", "localhost", "com10"} {
		if !isUsual(text) {
			t.Errorf("%q is not", text)
		}
	}
	if count < 10_000 {
		t.Errorf("only %d", count)
	}
}
