package paging

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestParse: what --paginate takes.
func TestParse(t *testing.T) {
	for _, text := range []string{"link", "/next", "/links/next", "/@odata.nextLink", "/a~1b/~0c", "/", "/0/href"} {
		place, err := Parse(text)
		if err != nil || !place.IsSet() || place.InBody() != (text != "link") {
			t.Errorf("%s: %v, %v", text, place, err)
		}
		if u, is := place.form.(urlForm); is && u.pointer.String() != text {
			t.Errorf("%s came back as %s", text, u.pointer)
		}
	}
	for _, text := range []string{"", "Link", "next", "#/next", "$.next", "/a~2", "/a~", "=/a", "a=", "a=b c",
		"a=s:b", "a=/~2", "*=a", "*=+1", "a=+", "a=+0", "a=+-1", "a=+1/b", "a=+1000000001", "link while", "link while a",
		" while /a", "/a while /b while /c", "/a while /b~"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// pages are bodies and what a pointer finds in them; an error is wanted where want starts with !.
var pages = []struct{ name, pointer, body, want string }{
	{"JSON:API", "/links/next", `{"data":[{"next":"no"}],"links":{"self":"/1","next":"/2?page[number]=2"}}`,
		"/2?page[number]=2"},
	{"JSON:API, a link object", "/links/next", `{"links":{"next":{"meta":{},"href":"/2"}}}`, "/2"},
	{"HAL", "/_links/next/href", `{"_links":{"next":{"href":"/2"}}}`, "/2"},
	{"OData", "/@odata.nextLink", `{"value":[],"@odata.nextLink":"https://graph.example/v1.0/users?$skiptoken=X"}`,
		"https://graph.example/v1.0/users?$skiptoken=X"},
	{"Django REST framework", "/next", `{"count":3,"next":"https://h/?page=2","previous":null,"results":[]}`,
		"https://h/?page=2"},
	{"the last page: null", "/next", `{"next":null}`, ""},
	{"the last page: empty", "/next", `{"next":""}`, ""},
	{"the last page: false", "/next", `{"next":false}`, ""},
	{"the last page: absent", "/next", `{"results":[]}`, ""},
	{"the last page: absent further up", "/links/next", `{"links":null}`, ""},
	{"an empty object", "/next", `{}`, ""},
	{"FHIR, the second of an array", "/link/1/url", `{"link":[{"url":"/1"},{"url":"/2"}]}`, "/2"},
	{"STAC and OGC API, by rel, which stands behind", "/links/rel=next/href",
		`{"features":[{"links":[{"rel":"next","href":"/no"}]}],"links":[{"rel":"self","href":"/1"},"x",` +
			`{"n":{"rel":"next"}},{"href":"/2?a=\"b]\"","type":"text/html", "rel" : "n\u0065xt"},` +
			`{"rel":"next","href":"/3"}]}`, `/2?a="b]"`},
	{"FHIR, by relation", "/link/relation=next/url",
		`{"link":[{"relation":"self","url":"/1"},{"relation":"next","url":"/2"},{"relation":"previous","url":"/0"}]}`, "/2"},
	{"FHIR, the last page", "/link/relation=next/url",
		`{"link":[{"relation":"self","url":"/1"},{"relation":"previous","url":"/0"}]}`, ""},
	{"an array without elements, by rel", "/links/rel=next/href", `{"links":[]}`, ""},
	{"an element without what is asked of it", "/links/rel=next/href", `{"links":[{"rel":"next"}]}`, ""},
	{"an element itself", "/links/rel=next", `{"links":[{"rel":"next","href":"/2"}]}`, "/2"},
	{"a relation that is no string", "/links/rel=2/href",
		`{"links":[{"rel":2,"href":"/1"},{"rel":null},{"rel":"2","href":"/2"}]}`, "/2"},
	{"a relation with a slash and =", "/links/rel=a~1b=c/href", `{"links":[{"rel":"a/b=c","href":"/2"}]}`, "/2"},
	{"a name with = of an object", "/links/rel=next/href", `{"links":{"rel=next":{"href":"/2"}}}`, "/2"},
	{"long elements on the way", "/links/rel=next/href",
		`{"links":[{"rel":"next","title":"` + strings.Repeat("a", 140000) + `","href":"/1"},` +
			`{"rel":"next","href":"/2"}]}`, "/2"},
	{"an array that ends within", "/links/rel=next/href", `{"links":[{"rel":"self"},`,
		"!the body is not JSON, so that nothing is at /links/rel=next/href"},
	{"an array that is too short", "/link/2/url", `{"link":[{"url":"/1"},{"url":"/2"}]}`, ""},
	{"an empty array", "/0", `[]`, ""},
	{"the element after the last", "/-", `["/2"]`, ""},
	{"an index with a zero in front", "/00", `["/2"]`, ""},
	{"escapes in the pointer", "/a~1b/~0", `{"a/b":{"~":"/2"}}`, "/2"},
	{"an empty name", "/", `{"":"/2"}`, "/2"},
	{"escapes in the name", "/next", `{"ne\u0078t":"\/2\u0026b"}`, "/2&b"},
	{"escapes on the way", "/next", `{"a\"}":"\\","b":["}",{"c":"\\\""}],"next":"/2"}`, "/2"},
	{"a byte order mark and space", "/next", "\uFEFF \r\n{ \"next\" :\t\"/2\" }", "/2"},
	{"numbers and literals on the way", "/next", `{"a":-1.5E+10,"b":true,"c":null,"d":12345678901234567890,"next":"/2"}`,
		"/2"},
	{"of two the first counts", "/next", `{"next":"/2","next":"/3"}`, "/2"},
	{"a name that starts alike", "/next", `{"nextPage":"/1","next":"/2"}`, "/2"},
	{"a number", "/next", `{"next":2}`, "!a number or true is at /next, and no URL"},
	{"an object", "/next", `{"next":{"page":2}}`, "!an object is at /next, and no URL"},
	{"an array", "/next", `{"next":["/2"]}`, "!an array is at /next, and no URL"},
	{"HTML", "/next", `<html>`, "!the body is not JSON, so that nothing is at /next"},
	{"a text", "/next", `hello`, "!the body is not JSON, so that nothing is at /next"},
	{"an empty body", "/next", ``, "!the body is not JSON, so that nothing is at /next"},
	{"cut short", "/next", `{"a":[1,2`, "!the body is not JSON, so that nothing is at /next"},
	{"brackets that do not match", "/next", `{"a":]}`, "!the body is not JSON, so that nothing is at /next"},
	{"a scalar", "/next", `"/2"`, ""},
	{"a long URL", "/next", `{"next":"` + strings.Repeat("a", 70000) + `"}`,
		"!the URL or value of the next page is longer than 64 KiB"},
	{"long names", "/next", `{"` + strings.Repeat(`\\`, 70000) + `":1,"next":"/2"}`, "/2"},
	{"deep nesting", "/next", `{"a":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `,"next":"/2"}`,
		"/2"},
}

// TestParameter: the query of the next page, where the body has the value of a parameter.
func TestParameter(t *testing.T) {
	for _, tt := range []struct{ place, query, body, want string }{
		{"cursor=/meta/next", "", `{"meta":{"next":"a b&c"}}`, "?cursor=a+b%26c"},
		{"cursor=/next", "limit=5&cursor=1&x=%2f;y&cursor=2&&z", `{"next":"2"}`, "?limit=5&cursor=2&x=%2f;y&z"},
		{"page[after]=/next", "page%5Bafter%5D=1&a[]=2", `{"next":"2"}`, "?page%5Bafter%5D=2&a[]=2"},
		{"page=/next", "%zz=1&page=1", `{"next":12345678901234567890}`, "?%zz=1&page=12345678901234567890"},
		{"page=/next", "", `{"next":-1.5e3}`, "?page=-1.5e3"},
		{"page=/links/rel=next/page", "", `{"links":[{"rel":"self","page":1},{"page":2,"rel":"next"}]}`, "?page=2"},
		{"page=/next", "page=1", `{"next":null}`, ""},
		{"page=/next", "page=1", `{"next":""}`, ""},
		{"page=/next", "page=1", `{"next":false}`, ""},
		{"page=/next", "page=1", `{}`, ""},
		{"page=/next", "page=1", `{"next":[2]}`, "!an array is at /next, and no URL"},
		{"page=/next", "page=1", `{"next":true}`, "!a number or true is at /next, and no URL"},
		{"page=/next", "page=1", `{"next":1` + strings.Repeat("0", maxReference) + `}`,
			"!the URL or value of the next page is longer than 64 KiB"},
		{"page=/next", "page=1", `next`, "!the body is not JSON, so that nothing is at /next"},
	} {
		place, err := Parse(tt.place)
		if err != nil {
			t.Fatal(err)
		}
		got, err := nextOf(place, tt.query, tt.body)
		if err != nil {
			got = "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s after %s in %s: got %q, want %q", tt.place, tt.query, tt.body, got, tt.want)
		}
	}
}

// TestLastElement: -1 leads to the last element of an array, as keysets and Stripe want it.
func TestLastElement(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"data":[{"id":"a"},[],{"x":{"id":"no"},"id":"b"} ]}`, "b"},
		{`{"data":[{"id":"a"}]}`, "a"},
		{`{"data":[{"id":"a"},{}]}`, ""},
		{`{"data":[{"id":"a"},null]}`, ""},
		{`{"data":[]}`, ""},
		{`{"data":{"-1":{"id":"a"}}}`, "a"},
		{`{"data":[{"id":"a"},`, "!the body is not JSON, so that nothing is at /data/-1/id"},
		{`{"data":[{"id":"a"} {"id":"b"}]}`, "!the body is not JSON, so that nothing is at /data/-1/id"},
		{`{"data":["` + strings.Repeat("x", maxElement) + `",{"id":"a"}]}`, "a"},
		{`{"data":[1,{"x":"` + strings.Repeat("x", maxElement) + `","id":"a"}]}`,
			"!the last element on the way to /data/-1/id is longer than 128 KiB"},
	} {
		got, err := Pointer{"data", "-1", "id"}.Find(iotest.OneByteReader(strings.NewReader(c.body)))
		if err != nil {
			got = "!" + err.Error()
		}
		if got != c.want {
			t.Errorf("%.80s: got %.100q, want %q", c.body, got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range pages {
		pointer, err := ParsePointer(c.pointer)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			got, err := pointer.Find(step(strings.NewReader(c.body)))
			if err != nil {
				got = "!" + err.Error()
			}
			if got != c.want {
				t.Errorf("%s: got %.100q, want %q", c.name, got, c.want)
			}
		}
	}
}

// TestFindBrokenReader: the error of a reader is returned as it is.
func TestFindBrokenReader(t *testing.T) {
	broken := errors.New("disk")
	in := io.MultiReader(strings.NewReader(`{"a":"`), iotest.ErrReader(broken))
	if _, err := (Pointer{"next"}).Find(in); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// FuzzFind compares Find with encoding/json.
func FuzzFind(f *testing.F) {
	for _, c := range pages {
		if len(c.body) < 1000 {
			f.Add(c.body)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := Pointer{"next"}.Find(strings.NewReader(body))
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &object) != nil || strings.Count(body, "next") != 1 {
			return // of several the last counts there
		}
		var want string
		if json.Unmarshal(object["next"], &want) == nil && (got != want || err != nil) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
}
