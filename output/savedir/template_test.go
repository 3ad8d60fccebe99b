package savedir

import (
	"strings"
	"testing"
)

// TestTemplateErrors: what makes no names is refused, with what was likely meant.
func TestTemplateErrors(t *testing.T) {
	for _, tt := range []struct{ template, want string }{
		{"{nope}", "{nope} is none of {host} {path}"},
		{"{Host}", "did you mean {host}?"},
		{"{idx}", "did you mean {index}?"},
		{"{indx}", "did you mean {index}?"},
		{"{name}", "did you mean {filename}?"},
		{"{file}", "did you mean {filename}?"},
		{"{extension}", "did you mean {ext}?"},
		{"{hash}", "did you mean {sha256}?"},
		{"{sha-256}", "did you mean {sha256}?"},
		{"{hostname}", "did you mean {host}?"},
		{"{number:06}", "did you mean {index}?"},
		{"{" + strings.Repeat("x", 500) + "}", "is none of"},
		{"{}", "is none of"},
		{"{\x1b}", "is none of"},
		{"%03d.html", "%03d is no field: write {index:03}"},
		{"{base}-%d", "%d is no field: write {index}"},
		{"page.html", `"page.html" has no field`},
		{"a/b", "{index} or {filename}"},
		{"{index:6}", "write {index:06} for six digits"},
		{"{index:}", "write {index:06} for six digits"},
		{"{index:0}", "write {index:06} for six digits"},
		{"{index:020}", "at most 19"},
		{"{index:-06}", "write {index:06} for six digits"},
		{"{base:06}", "only {index} and {page} are numbers"},
		{"{index", "a brace without its partner"},
		{"/{index}", "no / in front"},
		{"../{index}", "can't be part of a file name"},
	} {
		if _, err := ParseNameTemplate(tt.template); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q in it", tt.template, err, tt.want)
		}
	}
	for _, good := range []string{"", "{index}", "{index:01}", "{index:019}", "{page:02}-{index:06}{ext}", "100%{index}",
		"{host}/{path}", "{filename}", "50%-{id}", "100%done-{id}"} {
		if _, err := ParseNameTemplate(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
