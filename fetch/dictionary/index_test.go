package dictionary

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// storedAt returns a dictionary for match that came at second n.
func storedAt(match string, n int) Stored {
	return Stored{Terms: Terms{Match: match}, URL: "https://a.test/dict", SHA256: [32]byte{byte(n)},
		Received: time.Unix(int64(n), 0).UTC()}
}

// add adds dictionaries, none of which may be refused.
func add(t *testing.T, x *Index, all ...Stored) {
	t.Helper()
	for _, s := range all {
		if _, err := x.Add(s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPrecedence: the longest match, then the last that came (RFC 9842 section 2.2.3).
func TestPrecedence(t *testing.T) {
	var x Index
	add(t, &x, storedAt("/*", 5), storedAt("/a/*", 1), storedAt("/b/*", 9), storedAt("/:x/1", 2), storedAt("/*/1", 3))
	var got []int64
	for _, s := range x.Matching("https://a.test/a/1") {
		got = append(got, s.Received.Unix())
	}
	if fmt.Sprint(got) != "[2 3 1 5]" {
		t.Error(got)
	}
	add(t, &x, storedAt("/:x/1", 7))
	if best := x.Matching("https://a.test/a/1")[0]; best.SHA256 != [32]byte{7} {
		t.Errorf("the one before is still there: %+v", best)
	}
}

// TestIndexIsBounded: a full Index loses what came first, and one that is dropped is gone.
func TestIndexIsBounded(t *testing.T) {
	var x Index
	for n := range maxStored + 10 {
		add(t, &x, storedAt(fmt.Sprintf("/%d/*", n), n))
	}
	if len(x.stored) != maxStored || len(x.Matching("https://a.test/9/x")) != 0 ||
		len(x.Matching("https://a.test/10/x")) != 1 {
		t.Errorf("%d, from %s", len(x.stored), x.stored[0].Match)
	}
	last := x.Matching("https://a.test/20/x")[0]
	if x.Drop(&last); len(x.Matching("https://a.test/20/x")) != 0 {
		t.Error("it is still there")
	}
}

// TestIndexAsText: what is stored is read again, and what is broken is left out.
func TestIndexAsText(t *testing.T) {
	var x Index
	add(t, &x, storedAt("/a/*", 1),
		Stored{Terms: Terms{Match: "/b/*", ID: "b"}, URL: "https://a.test/", Received: time.Unix(2, 0)})
	text, err := x.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again := Unmarshal(text)
	got := again.Matching("https://a.test/b/c")
	if len(got) != 1 || got[0].ID != "b" || !got[0].Received.Equal(time.Unix(2, 0)) {
		t.Errorf("%s: %+v", text, got)
	}
	if broken := Unmarshal(text[:len(text)-2]); !broken.IsEmpty() {
		t.Errorf("%+v", broken)
	}
	odd := Unmarshal([]byte(`[{"match":"/(a)","url":"https://a.test/"},{"match":"/c","url":"https://a.test/"}]`))
	if len(odd.stored) != 1 {
		t.Errorf("%+v", odd)
	}
}

// TestMatchingIsBounded: long patterns are not matched with long URLs, neither one nor many.
func TestMatchingIsBounded(t *testing.T) {
	url := func(length int) string { return "https://a.test/" + strings.Repeat("a", length) }
	long := "/*" + strings.Repeat("a", 1000)
	var one, many Index
	add(t, &one, storedAt(long, 1))
	for n := range 20 {
		add(t, &many, storedAt(long[n:1000], n))
	}
	if len(one.Matching(url(1010))) != 1 || len(one.Matching(url(1100))) != 0 {
		t.Error("one pattern: the length of the URL does not decide")
	}
	if short := len(many.Matching(url(1000))); short != 1 {
		t.Errorf("%d of many patterns match", short)
	}
}
