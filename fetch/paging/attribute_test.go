package paging

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// TestAttribute: the URL of the next page is an attribute in XML or HTML; an error is wanted where want starts with !.
func TestAttribute(t *testing.T) {
	const page = "<!DOCTYPE html>\n<html><head><title>a <link rel=next href=/no></title>"
	for _, c := range []struct{ name, place, contentType, body, want, base string }{
		{"Atom (RFC 5005)", "link/rel=next@href", "", `<?xml version="1.0"?><feed><title/><link rel="self" href="/1"/>` +
			`<link rel="next" href="/2?a=1&amp;b=2"/></feed>`, "/2?a=1&b=2", ""},
		{"Atom, the last page", "link/rel=next@href", "", `<feed><link rel="self" href="/1"/></feed>`, "", ""},
		{"what is in CDATA", "link/rel=next@href", "",
			`<feed><content><![CDATA[<link rel="next" href="/no"/>]]></content></feed>`, "", ""},
		{"RSS with a prefix", "link/rel=next@href", "", `<rss><atom:link rel="next" href=" /2 "/></rss>`, "/2", ""},
		{"WFS 2.0", "FeatureCollection@next", "",
			`<wfs:FeatureCollection numberReturned="2" next="https://h/wfs?STARTINDEX=2">` +
				`<wfs:member/></wfs:FeatureCollection>`, "https://h/wfs?STARTINDEX=2", ""},
		{"an attribute with a prefix", "a@xlink:href", "", `<a href="/1" xlink:href="/2"/>`, "/2", ""},
		{"an empty one", "a@href", "", `<x><a href=""/><a href="/2"/></x>`, "/2", ""},
		{"HTML", "a/rel=next@href", "", page + `<body><a href=/1>1</a><A CLASS=x REL="nofollow Next" HREF="?p=2&amp;q">2</A>`,
			"?p=2&q", ""},
		{"HTML, the last page", "a/rel=next@href", "", page + `<a rel=prev href=/1>`, "", ""},
		{"HTML, a button that is disabled on the last page", "a/rel=next@href", "",
			page + `<a rel=next href=" #top">`, "", ""},
		{"HTML, a button for scripts in front", "a/rel=next@href", "", page + `<a rel=next href="#"><a rel=next href=/2>`,
			"/2", ""},
		{"HTML, a line break in a URL", "a/rel=next@href", "",
			page + "<a rel=next href=\"\n/2?\r\n\tp=1 \">", "/2?p=1", ""},
		{"XML, a fragment", "link/rel=next@href", "", `<feed><link rel="next" href="#a"/></feed>`, "", ""},
		{"HTML, a link in the head", "link/rel=next@href", "", page + `<link rel=next href=/2 />`, "/2", ""},
		{"HTML, a class", "a/class=next-page@href", "", page + `<a class="button next-page" href=/2>`, "/2", ""},
		{"HTML with a base", "a/rel=next@href", "",
			page + `<base href="/dir/"><base href=/no><a rel=next href=2>`, "2", "/dir/"},
		{"HTML by its type", "a/rel=next@href", "text/html; charset=utf-8", `<p>text <br><a rel=next href=/2>`, "/2", ""},
		{"a script", "a/rel=next@href", "",
			page + `<script>"<a rel=next href=/no>"</script><!-- <a rel=next href=/no> -->`, "", ""},
		{"XHTML", "a/rel=next@href", "",
			`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><a rel="next" href="/2"/>`,
			"/2", ""},
		{"JSON", "a/rel=next@href", "", `{}`, "!the body is not XML, so that there is no element a", ""},
		{"a long tag", "a@href", "", page + `<a x="` + strings.Repeat("x", 2<<20) + `" href=/2>`,
			"!the body has a text, comment or tag longer than 1 MiB", ""},
		{"a long URL", "a@href", "", page + `<a href="` + strings.Repeat("x", maxReference+1) + `">`,
			"!the value for the next page is longer than 64 KiB", ""},
		{"a long URL in XML", "a@href", "", `<a href="` + strings.Repeat("x", maxReference+1) + `"/>`,
			"!the value for the next page is longer than 64 KiB", ""},
	} {
		place, err := Parse(c.place)
		if err != nil || !place.InBody() || !place.IsSet() {
			t.Fatal(c.name, err)
		}
		got, err := place.Next(Response{Header: http.Header{"Content-Type": {c.contentType}}, Open: opener(c.body)})
		var wrong *BodyError
		if errors.As(err, &wrong) {
			got.Ref = "!" + wrong.Problem
		} else if err != nil {
			t.Fatal(err)
		}
		if got.Ref != c.want || got.Base != c.base {
			t.Errorf("%s: got %.100q of %q, want %q of %q", c.name, got.Ref, got.Base, c.want, c.base)
		}
	}
	for _, text := range []string{"a@", "@next", "a/rel@href", "a/=next@href", "a/rel=@href", "a b@href", "1@href"} {
		if _, isAttr := parseAttribute(text); isAttr {
			t.Errorf("%q was taken", text)
		}
	}
	broken := errors.New("disk")
	for _, body := range []string{"<a>", "<html>"} {
		in := io.MultiReader(strings.NewReader(body), iotest.ErrReader(broken))
		if _, _, err := (attribute{element: "b", name: "href"}).findIn(in, ""); !errors.Is(err, broken) {
			t.Errorf("%s, which can't be read on: %v", body, err)
		}
	}
}

// FuzzAttribute: whatever a body has, what is found is short enough for a URL.
func FuzzAttribute(f *testing.F) {
	f.Add(`<feed><link rel="next" href="/2"/></feed>`)
	f.Add(`<html><base href=/a><a rel=next href=/2>`)
	f.Fuzz(func(t *testing.T, body string) {
		a := attribute{element: "a", name: "href", filter: "rel", value: "next"}
		value, _, err := a.findIn(strings.NewReader(body), "")
		var wrong *BodyError
		if err != nil && (!errors.As(err, &wrong) || value != "") || len(value) > maxReference {
			t.Errorf("%q, %v", value, err)
		}
	})
}
