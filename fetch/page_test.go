package fetch

import (
	"net/http"
	"reflect"
	"testing"
)

// TestAtPage: what the Request of a page has of the one before.
func TestAtPage(t *testing.T) {
	first, err := Prepare(Request{URL: "https://ann:pass@example.com/1", Method: "POST", Body: []byte("q"), Index: 7,
		ID: []byte("1"), Meta: []byte("2"), Path: "a",
		SHA256: "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
		Header: http.Header{"X-Key": {"k"}, "Accept": {"a/b"}, "Content-Type": {"c/d"}}, Tag: Tag{5}})
	if err != nil {
		t.Fatal(err)
	}
	near := first.AtPage(Page{Number: 2, URL: "https://example.com/2", Get: true})
	far := near.AtPage(Page{Number: 3, URL: "https://example.org/3", OmitCredentials: true, PublicOnly: true})
	for name, c := range map[string]struct {
		got    Request
		url    string
		header http.Header
	}{
		"same origin": {near, "https://ann:pass@example.com/2", http.Header{"X-Key": {"k"}, "Accept": {"a/b"}}},
		"another one": {far, "https://example.org/3", http.Header{"Accept": {"a/b"}}},
	} {
		r := c.got
		if u, err := r.ParsedURL(); r.URL != c.url || err != nil || u.String() != c.url {
			t.Errorf("%s: URL %s (%v, %v)", name, r.URL, u, err)
		}
		if !reflect.DeepEqual(r.Header, c.header) || r.Method != "GET" || r.Body != nil || r.SHA256 != "" {
			t.Errorf("%s: %+v", name, r)
		}
		if r.Index != 7 || string(r.ID) != "1" || string(r.Meta) != "2" || r.Path != "a" || r.Tag != (Tag{5}) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if !far.OmitCredentials || !far.PublicOnly || near.OmitCredentials {
		t.Error("credentials go astray")
	}
	for url, want := range map[string]bool{
		"https://example.com/1": true, "https://example.com/1#x": true, "https://example.com/2": true,
		"https://example.com/4": false, "https://example.com/1?": false, "no URL": false,
	} {
		next := far.AtPage(Page{Number: 4, URL: url, OmitCredentials: true})
		if next.isLoop() != want {
			t.Errorf("%s: loop is %t", url, !want)
		}
	}
}

// TestPageTarget: the Options' headers, body and credentials are not sent where OmitCredentials says so; a body is for
// the first page.
func TestPageTarget(t *testing.T) {
	o := options(func(o *Options) {
		o.Username, o.Cookie, o.Body = "ann", "s=1", []byte("q")
		o.Header = http.Header{"X-Key": {"k"}, "Accept-Language": {"ko"}}
	})
	targets := newTargeter(o)
	first, err := targets.newTarget(&Request{URL: "https://example.com/", Page: 1})
	if err != nil || first.Method != "POST" || string(first.Body) != "q" || first.Header.Get("X-Key") != "k" {
		t.Errorf("first: %+v, %v", first, err)
	}
	second, err := targets.newTarget(&Request{URL: "https://example.com/", Page: 2, OmitCredentials: true,
		PublicOnly: true})
	if err != nil || second.Method != "GET" || second.Body != nil || !second.PublicOnly {
		t.Errorf("second: %+v, %v", second, err)
	}
	for _, name := range []string{"Authorization", "Cookie", "X-Key", "Content-Type"} {
		if second.Header.Get(name) != "" {
			t.Errorf("%s is sent", name)
		}
	}
	if second.Header.Get("Accept-Language") != "ko" || second.Header.Get("User-Agent") == "" {
		t.Errorf("header %v", second.Header)
	}
}
