package encode

import (
	"testing"

	"batchfetch/output/encode/encodetest"
)

// An XML document without a charset parameter is transcoded from the encoding that it declares.
func TestXMLCharset(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	declared := func(encoding string) string { return `<?xml version="1.0" encoding="` + encoding + `"?>` }
	latin := declared("ISO-8859-1")
	for _, c := range []struct {
		name, contentType, body string
		want                    string // the text; empty: base64
	}{
		{"application/xml", "application/xml", latin + "<a>\xe9</a>", latin + "<a>é</a>"},
		{"text/xml", "text/xml", latin + "\xe9", latin + "é"},
		{"RSS", "application/rss+xml", latin + "\xe9", latin + "é"},
		{"Atom with a parameter", "application/atom+xml; type=feed", latin + "\xe9", latin + "é"},
		{"SVG", "image/svg+xml", latin + "\xe9", latin + "é"},
		{"XHTML", "application/xhtml+xml", latin + "\xe9", latin + "é"},
		{"XHTML sent as HTML", "text/html", latin + "\xe9", latin + "é"},
		{"any +xml", "application/vnd.any+xml", latin + "\xe9", latin + "é"},
		{"a DTD", "application/xml-dtd", latin + "\xe9", latin + "é"},
		{"an entity", "application/xml-external-parsed-entity", latin + "\xe9", latin + "é"},
		{"no type", "", latin + "\xe9", latin + "é"},
		{"in capitals", "Text/XML", latin + "\xe9", latin + "é"},
		{"single quotes and space", "text/xml", "<?xml\tversion='1.0'\n encoding = 'windows-1251' ?>\xec",
			"<?xml\tversion='1.0'\n encoding = 'windows-1251' ?>м"},
		{"Shift_JIS", "text/xml", declared("Shift_JIS") + "\x93\xfa", declared("Shift_JIS") + "日"},
		{"standalone behind it", "text/xml", `<?xml version="1.0" encoding="koi8-r" standalone="yes"?>` + "\xcd",
			`<?xml version="1.0" encoding="koi8-r" standalone="yes"?>м`},
		{"UTF-16 without a mark", "text/xml", encodeUTF16("le", declared("UTF-16")+"é"), declared("UTF-16") + "é"},
		{"UTF-16BE without a mark", "application/rss+xml", encodeUTF16("be", declared("UTF-16BE")+"é"),
			declared("UTF-16BE") + "é"},
		{"UTF-16 that is none", "text/xml", declared("UTF-16") + "é", declared("UTF-16") + "é"},
		{"UTF-8 without a declaration", "text/xml", "<a>é</a>", "<a>é</a>"},

		{"the parameter wins", "text/xml; charset=utf-8", latin + "é", latin + "é"},
		{"a meta element wins in HTML", "text/html", latin + `<meta charset="koi8-r">` + "\xcd",
			latin + `<meta charset="koi8-r">м`},
		{"not text/plain", "text/plain", latin + "\xe9", ""},
		{"not in the middle", "text/xml", "<a/>" + latin + "\xe9", ""},
		{"not another instruction", "text/xml", `<?xml-stylesheet encoding="ISO-8859-1"?>` + "\xe9", ""},
		{"not one without an end", "text/xml", `<?xml encoding="ISO-8859-1"` + "\xe9", ""},
		{"what it declares is wrong", "text/xml", declared("euc-kr") + "\xff\xff", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			object := encodetest.Members(t, schema, render(encodetest.Success(c.contentType, c.body), BodyAuto))
			if c.want == "" {
				if object["body_encoding"] != "base64" {
					t.Errorf("body is %q, want base64", object["body"])
				}
				return
			}
			if object["body"] != c.want {
				t.Errorf("body is %q, want %q", object["body"], c.want)
			}
		})
	}
}
