package paging

import (
	"strings"
	"testing"
)

// TestNextLink has Link fields as APIs send them, and as RFC 8288 allows them.
func TestNextLink(t *testing.T) {
	for _, c := range []struct{ name, field, want string }{
		{"GitHub", `<https://api.github.com/repositories/1/issues?page=2>; rel="next", ` +
			`<https://api.github.com/repositories/1/issues?page=7>; rel="last"`,
			"https://api.github.com/repositories/1/issues?page=2"},
		{"GitHub, the last page", `<https://api.github.com/issues?page=1>; rel="prev", ` +
			`<https://api.github.com/issues?page=1>; rel="first"`, ""},
		{"GitLab, next is last in the list", `<https://gitlab.com/p?page=1>; rel="first", ` +
			`<https://gitlab.com/p?page=3>; rel="last", <https://gitlab.com/p?page=2>; rel="next"`,
			"https://gitlab.com/p?page=2"},
		{"Shopify, a cursor", `<https://x.myshopify.com/admin/products.json?limit=2&page_info=eyJs>; rel=next`,
			"https://x.myshopify.com/admin/products.json?limit=2&page_info=eyJs"},
		{"Okta", `<https://x.okta.com/api/v1/users?after=00u&limit=200>; rel="next"`,
			"https://x.okta.com/api/v1/users?after=00u&limit=200"},
		{"Sentry, more parameters", `<https://sentry.io/p/?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"`,
			"https://sentry.io/p/?&cursor=0:100:0"},
		{"WordPress, relative", `</wp-json/wp/v2/posts?page=2>; rel="next"`, "/wp-json/wp/v2/posts?page=2"},
		{"a query alone", `<?page=2>; rel="next"`, "?page=2"},
		{"a list of relations", `</2>; rel="last NEXT"`, "/2"},
		{"no case in names", `</2>; Rel=NeXt`, "/2"},
		{"commas and semicolons in the target", `</a,b;c>; rel="next"`, "/a,b;c"},
		{"a quoted comma, semicolon and mark", `</1>; title="a, b; rel=\"next\""; rel=prev, </2>; rel=next`, "/2"},
		{"an escape in a quoted value", `</2>; rel="ne\xt"`, "/2"},
		{"single quotes, which are none", `</2>; rel='next'`, "/2"},
		{"space everywhere", " </2> \t; \t rel = \"next\" ", "/2"},
		{"the first rel counts", `</1>; rel="prev"; rel="next", </2>; rel="next"; rel="prev"`, "/2"},
		{"the first next counts", `</2>; rel=next, </3>; rel=next`, "/2"},
		{"another context", `</1>; rel=next; anchor="#part", </2>; rel=next`, "/2"},
		{"an extension relation", `</1>; rel="https://example.com/next"`, ""},
		{"a longer word", `</1>; rel="next-archive"`, ""},
		{"another parameter", `</1>; rev="next"`, ""},
		{"no parameters", `</1>`, ""},
		{"a parameter without a value", `</2>; crossorigin; rel=next`, "/2"},
		{"empty elements", `, ,</2>; rel=next,`, "/2"},
		{"an empty target", `<>; rel=next`, ""},
		{"a target that does not end", `</2; rel=next`, ""},
		{"a value that does not end", `</2>; rel="next`, "/2"},
		{"what is no link comes first", `nonsense "a, </1>; rel=next", </2>; rel=next`, "/2"},
		{"nothing", ``, ""},
	} {
		if got := NextLink([]string{c.field}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestNextLinkFields: a server may send several fields in place of one with commas.
func TestNextLinkFields(t *testing.T) {
	got := NextLink([]string{`</1>; rel="prev"`, `</2>; rel="next"`})
	if got != "/2" || NextLink(nil) != "" {
		t.Errorf("got %q", got)
	}
}

func FuzzNextLink(f *testing.F) {
	f.Add(`</a,b>; rel="x next"; title="\"", </b>; rel=next`)
	f.Add(`<<>;;=,"\`)
	f.Fuzz(func(t *testing.T, field string) {
		target := NextLink([]string{field})
		if !strings.Contains(field, target) || strings.Contains(target, ">") {
			t.Errorf("%q is no target of %q", target, field)
		}
		if target != "" && NextLink([]string{"</1>; rel=prev, " + field}) == "" {
			t.Errorf("%q has no next link behind another", field)
		}
	})
}
