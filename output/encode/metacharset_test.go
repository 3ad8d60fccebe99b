package encode

import (
	"strings"
	"testing"
)

// TestMetaCharset: the charset that the start of an HTML page declares.
func TestMetaCharset(t *testing.T) {
	for _, tt := range []struct{ name, page, want string }{
		{"an attribute", `<!doctype html><html lang="ko"><head><meta charset="EUC-KR">`, "euc-kr"},
		{"without quotes", `<meta charset=shift_jis>`, "shift_jis"},
		{"in single quotes, with space", `<META CHARSET = ' gb18030 ' />`, "gb18030"},
		{"a pragma", `<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">`, "iso-8859-2"},
		{"a pragma the other way round", `<meta content='text/html;charset="big5"' http-equiv=content-type>`, "big5"},
		{"content of something else", `<meta name=description content="charset=big5"><meta charset=euc-kr>`, "euc-kr"},
		{"in a comment", `<!-- <meta charset=big5> --><meta charset=euc-kr>`, "euc-kr"},
		{"the shortest comment", `<!--><meta charset=euc-kr>`, "euc-kr"},
		{"in an attribute", `<a title="<meta charset=big5>"></a><meta charset=euc-kr>`, "euc-kr"},
		{"UTF-16", `<meta charset=utf-16le>`, "utf-8"},
		{"another name for Windows", `<meta charset=x-user-defined>`, "windows-1252"},
		{"no element of that name", `<metadata charset=big5>`, ""},
		{"behind the first KiB", strings.Repeat(" ", metaPrescanSize) + `<meta charset=big5>`, ""},
		{"cut off", `<meta charset`, ""},
		{"cut off in a quote", `<meta http-equiv="content-type" content="text/html; charset=`, ""},
		{"nothing", "", ""}, {"only starts", "<<<</<!<!-", ""}, {"not closed", "<!-- <meta charset=big5>", ""},
	} {
		if got := effectiveCharset("text/html", "", []byte(tt.page)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	page := []byte("<meta charset=big5>")
	for _, tt := range []struct{ kind, charset, start, want string }{
		{"text/html", "euc-kr", "", "euc-kr"}, {"text/plain", "", "", ""}, {"text/html", "", byteOrderMark, "utf-8"},
		{"application/xhtml+xml", "", "", "big5"},
	} {
		if got := effectiveCharset(tt.kind, tt.charset, append([]byte(tt.start), page...)); got != tt.want {
			t.Errorf("%s in %q behind %q: got %q", tt.kind, tt.charset, tt.start, got)
		}
	}
}

// FuzzMetaCharset: the search ends, and finds no more than the page holds.
func FuzzMetaCharset(f *testing.F) {
	for _, seed := range []string{"<meta charset=x>", "<!---->", "<a =>", "</p <meta content='charset",
		"<meta/charset=\"a'"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if got := metaCharset(page); len(got) > len(page)*3 || got != strings.ToLower(got) {
			t.Errorf("%q: %q", page, got)
		}
	})
}
