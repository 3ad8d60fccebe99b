package paging

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// nextOf returns the reference to the page after one whose URL has that query and which has that body.
func nextOf(p Place, query, body string) (string, error) {
	next, err := p.Next(Response{Query: query, Open: opener(body)})
	return next.Ref, err
}

// opener returns what opens a body, which comes in pieces.
func opener(body string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		return io.NopCloser(iotest.HalfReader(strings.NewReader(body))), nil
	}
}

// TestNext has the conditions and the numbers of APIs whose pages do not name the next one; an error is wanted where
// want starts with !.
func TestNext(t *testing.T) {
	const (
		noNumber = "!the URL has no number as page, from which --paginate counts: write that of the first page into it, " +
			"such as ?page=1"
		noArray = "!the body is no JSON array: say where the array of a page is, as in \"page=+1 while /items\""
	)
	for _, c := range []struct{ name, place, query, body, want string }{
		{"GitLab without a Link: pages count", "page=+1", "per_page=2&page=1", `[{},{}]`, "?per_page=2&page=2"},
		{"a page that is not full", "page=+1", "page=1", `[{}]`, "?page=2"},
		{"the page after the last", "page=+1", "page=3", " [ ]\n", ""},
		{"pages from 0", "page=+1", "page=0", `[0]`, "?page=1"},
		{"Redmine: elements count", "offset=+100 while /issues", "limit=100&offset=0", `{"issues":[{}],"total_count":150}`,
			"?limit=100&offset=100"},
		{"Redmine, the page after the last", "offset=+100 while /issues", "offset=200", `{"issues":[]}`, ""},
		{"an escaped name", "page[number]=+1", "page%5Bnumber%5D=9", `[0]`, "?page%5Bnumber%5D=10"},
		{"no number to start from", "page=+1", "per_page=2", `[0]`, noNumber},
		{"another value", "page=+1", "page=one", `[0]`, noNumber},
		{"less than nothing", "page=+1", "page=-1", `[0]`, noNumber},
		{"no greater number", "page=+1", "page=9223372036854775807", `[0]`, noNumber},
		{"elements, no number", "offset=+10", "", `[0]`, "!the URL has no number as offset, from which --paginate counts: " +
			"write that of the first page into it, such as ?offset=0"},
		{"an object without a condition", "page=+1", "page=1", `{"items":[]}`, noArray},
		{"HTML", "page=+1", "page=1", `<html>`, noArray},

		{"Stripe: the id of the last element", "starting_after=/data/-1/id while /has_more", "limit=2",
			`{"data":[{"id":"a"},{"id":"b"}],"has_more":true}`, "?limit=2&starting_after=b"},
		{"Stripe, the last page", "starting_after=/data/-1/id while /has_more", "limit=2&starting_after=b",
			`{"data":[{"id":"c"}],"has_more":false}`, ""},
		{"Zendesk: a next link on the last page", "/links/next while /meta/has_more", "",
			`{"links":{"next":"https://h/?page[after]=x"},"meta":{"has_more":false}}`, ""},
		{"Zendesk", "/links/next while /meta/has_more", "",
			`{"links":{"next":"https://h/?page[after]=x"},"meta":{"has_more":true}}`, "https://h/?page[after]=x"},
		{"Solr", "cursorMark=/nextCursorMark while /response/docs", "cursorMark=*",
			`{"response":{"docs":[{"id":"1"}]},"nextCursorMark":"AoE"}`, "?cursorMark=AoE"},
		{"Solr, which has the same mark at the end", "cursorMark=/nextCursorMark while /response/docs", "cursorMark=AoE",
			`{"response":{"docs":[]},"nextCursorMark":"AoE"}`, ""},
		{"XML with a condition", "m=M while /a", "", `<a><M>1</M></a>`, "!the body is not JSON, so that nothing is at /a"},
		{"a condition that leads nowhere", "page=+1 while /items", "page=1", `{}`, ""},
	} {
		place, err := Parse(c.place)
		if err != nil || !place.IsSet() || !place.InBody() {
			t.Fatal(c.name, err)
		}
		got, err := nextOf(place, c.query, c.body)
		var wrong *BodyError
		if errors.As(err, &wrong) {
			got = "!" + wrong.Problem
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}

	link, err := Parse("link while /more")
	if err != nil || !link.InBody() {
		t.Fatal(err)
	}
	for body, want := range map[string]string{`{"more":1}`: "/2", `{"more":0}`: ""} {
		next, err := link.Next(Response{Header: http.Header{"Link": {"</2>; rel=next"}}, Open: opener(body)})
		if err != nil || next.Ref != want {
			t.Errorf("a Link and %s: %v, %v, want %q", body, next, err, want)
		}
	}
	broken := errors.New("disk")
	_, err = link.Next(Response{Open: func() (io.ReadCloser, error) { return nil, broken }})
	if !errors.Is(err, broken) {
		t.Errorf("a body that can't be opened: %v", err)
	}
}

// TestBase: the next link of OData is relative to its context, whose URL is that of the service (@sap/cds 9.9.3), and
// that of Confluence to the root of its API.
func TestBase(t *testing.T) {
	for _, c := range []struct {
		place, body string
		want        Next
	}{
		{"/@odata.nextLink", `{"@odata.context":"../$metadata#Books","@odata.nextLink":"Authors(1)/books?%24skiptoken=3"}`,
			Next{Ref: "Authors(1)/books?%24skiptoken=3", Base: "../$metadata#Books"}},
		{"/@nextLink", `{"@context":"https://h/$metadata","@nextLink":"A?a"}`, Next{Ref: "A?a", Base: "https://h/$metadata"}},
		{"/value/-1/books@odata.nextLink", `{"@odata.context":"$metadata","value":[{"books@odata.nextLink":"A?a"}]}`,
			Next{Ref: "A?a", Base: "$metadata"}},
		{"/@odata.nextLink", `{"@odata.context":"https://h/svc/$metadata#A","@odata.nextLink":"?$skip=5"}`,
			Next{Ref: "?$skip=5"}},
		{"/@odata.nextLink", `{"@odata.context":7,"@odata.nextLink":"A?a"}`, Next{Ref: "A?a"}},
		{"/@odata.nextLink", `{"@odata.nextLink":"A?a","more":`, Next{Ref: "A?a"}},
		{"/@odata.nextLink", `{"@odata.context":"$metadata"}`, Next{}},
		{"/odata.nextLink", `{"odata.metadata":"https://h/V3/$metadata#A","odata.nextLink":"A?a"}`,
			Next{Ref: "A?a", Base: "https://h/V3/$metadata#A"}},
		{"/_links/next", `{"_links":{"base":"https://h/wiki","next":"/rest/api/content?start=25"}}`,
			Next{Ref: "https://h/wiki/rest/api/content?start=25"}},
		{"/_links/next", `{"_links":{"next":"/wiki/api/v2/pages?cursor=a","base":"https://h/wiki"}}`,
			Next{Ref: "/wiki/api/v2/pages?cursor=a"}},
		{"/_links/next", `{"_links":{"next":"/rest/a","base":"https://h/"}}`, Next{Ref: "/rest/a"}},
		{"/_links/next", `{"_links":{"next":"https://h/a","base":"https://h/wiki"}}`, Next{Ref: "https://h/a"}},
		{"/_links/next", `{"_links":{"next":"//h/a","base":"https://h/wiki"}}`, Next{Ref: "//h/a"}},
		{"/_links/next", `{"_links":{"next":"/a","base":"/wiki"}}`, Next{Ref: "/a"}},
		{"/_links/next", `{"_links":{"next":"/a","base":["/wiki"]}}`, Next{Ref: "/a"}},
		{"/_links/next", `{"_links":{"next":{"href":"/a?page=2"}}}`, Next{Ref: "/a?page=2"}},
		{"/next", `{"@odata.context":"../$metadata","@context":"..","next":"A?a"}`, Next{Ref: "A?a"}},
	} {
		place, err := Parse(c.place)
		if err != nil {
			t.Fatal(err)
		}
		got, err := place.Next(Response{Open: opener(c.body)})
		if err != nil || got.Ref != c.want.Ref || got.Base != c.want.Base {
			t.Errorf("%s in %s: got %+v, %v, want %+v", c.place, c.body, got, err, c.want)
		}
	}
}

// TestMembers: the members of an object become parameters in place of those of the page before, as MediaWiki wants it
// (1.39: plcontinue goes where gapcontinue comes; one that stays leaves links out).
func TestMembers(t *testing.T) {
	place, err := Parse("*=/continue")
	if err != nil || !place.InBody() {
		t.Fatal(err)
	}
	query, carried := "action=query&prop=links|categories&continue=x", []string(nil)
	for _, c := range []struct {
		body, want string
		params     []string
	}{
		{`{"continue":{"plcontinue":"13|0|a","continue":"||categories"}}`,
			"action=query&prop=links|categories&continue=%7C%7Ccategories&plcontinue=13%7C0%7Ca",
			[]string{"plcontinue", "continue"}},
		{`{"continue":{"gapcontinue":"Page18","n":7,"t":true,"x":null,"continue":"gapcontinue||"}}`,
			"action=query&prop=links|categories&continue=gapcontinue%7C%7C&gapcontinue=Page18&n=7&t=true",
			[]string{"gapcontinue", "n", "t", "continue"}},
		{`{"continue":{"gapcontinue":"Page20"}}`, "action=query&prop=links|categories&gapcontinue=Page20",
			[]string{"gapcontinue"}},
		{`{"batchcomplete":""}`, "", nil},
	} {
		next, err := place.Next(Response{Query: query, Carried: carried, Open: opener(c.body)})
		if err != nil || strings.TrimPrefix(next.Ref, "?") != c.want || !slices.Equal(next.Params, c.params) {
			t.Errorf("%s: got %v, %v, want %s", c.body, next, err, c.want)
		}
		query, carried = strings.TrimPrefix(next.Ref, "?"), next.Params
	}
	const noJSON, tooLong = "the body is not JSON, so that nothing is at /continue",
		"the URL or value of the next page is longer than 64 KiB"
	for body, want := range map[string]string{
		`{"continue":null}`: "", `{"continue":false}`: "", `{"continue":{}}`: "", `{"continue":{"a":null}}`: "",
		`{"continue":"a"}`:      "what is at /continue is no object",
		`{"continue":[]}`:       "what is at /continue is no object",
		`{"continue":{"a":{}}}`: `the member "a" of the object at /continue is no string or number`,
		`{"continue":{"` + strings.Repeat("a", 99) + "\u202e" + `":{}}}`: `the member "` + strings.Repeat("a", 99) +
			`"… of the object at /continue is no string or number`,
		`{"continue":{"a":"b"`:      noJSON,
		`{"continue":{"a" "b"}}`:    noJSON,
		`{"continue":{"a":"b",}}`:   noJSON,
		`{"continue":{"a":nothing}`: noJSON,
		`{"continue":{"a":"` + strings.Repeat("x", maxReference) + `"}}`:     tooLong,
		`{"continue":{` + strings.Repeat(`"a":1,`, maxMembers+1) + `"b":1}}`: tooLong,
	} {
		next, err := place.Next(Response{Open: opener(body)})
		if next.Ref != "" || err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%.60s: got %v, %v, want %q", body, next, err, want)
		}
	}
}

// TestAdded: the parameters that a page has beyond those of the first one.
func TestAdded(t *testing.T) {
	got := Added("a=1&b=3&%63=1&c=1&b=2&&%zz", "a=1&b=2&d")
	if want := []string{"b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzPlace compares conditions and members with encoding/json.
func FuzzPlace(f *testing.F) {
	for _, body := range []string{`{"a":[]}`, `{"a":[1]}`, `{"a":{"b":"c","d":1.50,"e":true,"f":null}}`, `{"a":0.0}`,
		`{"a":-0e1}`, `{"a":""}`, `{"a":"\u0000"}`, `{"a":null}`, `{"a":1e999}`, "[", `{"a":{"b":["c"]}}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		pointer := Pointer{"a"}
		holds, err := pointer.Holds(strings.NewReader(body))
		members, membersErr := pointer.findMembers(strings.NewReader(body))
		var object map[string]any
		d := json.NewDecoder(strings.NewReader(body))
		if d.UseNumber(); d.Decode(&object) != nil || strings.Count(body, `"a"`) != 1 || strings.Contains(body, `\`) {
			return // of several the last counts there
		}
		want := false
		switch value := object["a"].(type) {
		case nil:
		case bool:
			want = value
		case string:
			want = value != ""
		case json.Number:
			want = strings.ContainsAny(strings.SplitN(strings.ToLower(value.String()), "e", 2)[0], "123456789")
		case []any:
			want = len(value) > 0
		case map[string]any:
			want = len(value) > 0
			for _, m := range members {
				if text, isText := value[m.name].(string); isText && membersErr == nil && !hasName(members, m.name, text) {
					t.Errorf("%s: %q is not among %v", m.name, text, members)
				}
			}
		}
		if err != nil || holds != want && !strings.ContainsAny(body, "eE") { // 1e-999 is 0
			t.Errorf("got %v, %v, want %v", holds, err, want)
		}
	})
}

// hasName reports whether a parameter is among others.
func hasName(members []parameter, name, value string) bool {
	return slices.Contains(members, parameter{name, value})
}

// TestManyParameters: the time for a query grows with its length, not with the square of that, which would be half a
// minute here. The bound is generous.
func TestManyParameters(t *testing.T) {
	var query strings.Builder
	for i := range 100_000 {
		_, _ = fmt.Fprintf(&query, "%x&", i)
	}
	began := time.Now()
	names := Added(query.String(), "a=1")
	rest := withParameters(query.String(), names, parameter{"next", "1"})
	if len(names) != 100_000 || rest != "next=1" {
		t.Errorf("%d names, and %.20q is left", len(names), rest)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
