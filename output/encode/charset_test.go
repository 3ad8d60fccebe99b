package encode

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/unicode"

	"batchfetch/output/encode/encodetest"
)

// Text is transcoded from its declared charset; what is not valid in it is base64.
func TestCharsets(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	for _, c := range []struct {
		name, contentType, body string
		want                    string // the text; empty: base64 of the body
	}{
		{name: "EUC-KR", contentType: "text/html; charset=EUC-KR", body: "\xc7\xd1\xb1\xdb", want: "한글"},
		{name: "ks_c_5601-1987", contentType: "text/html; charset=ks_c_5601-1987", body: "\xc7\xd1\xb1\xdb",
			want: "한글"},
		{name: "Shift_JIS", contentType: "text/plain; charset=Shift_JIS", body: "\x93\xfa\x96\x7b", want: "日本"},
		{name: "EUC-JP", contentType: "text/plain; charset=euc-jp", body: "\xc6\xfc\xcb\xdc", want: "日本"},
		{name: "GBK", contentType: "text/plain; charset=gb2312", body: "\xd6\xd0\xce\xc4", want: "中文"},
		{name: "Big5", contentType: "text/plain; charset=big5", body: "\xa4\xa4\xa4\xe5", want: "中文"},
		{name: "KOI8-R", contentType: "text/plain; charset=koi8-r", body: "\xcd\xc9\xd2", want: "мир"},
		{name: "ISO-8859-1", contentType: "text/plain; charset=ISO-8859-1", body: "caf\xe9", want: "café"},
		{name: "ISO-8859-15", contentType: "text/plain; charset=iso-8859-15", body: "\xa4", want: "€"},
		{name: "windows-1252", contentType: "text/plain; charset=windows-1252", body: "\x93\x80\x94", want: "“€”"},
		{name: "windows-1251", contentType: `text/plain; charset="windows-1251"`, body: "\xec\xe8\xf0", want: "мир"},
		{name: "UTF-8 by another name", contentType: "text/plain; charset=utf8", body: "é", want: "é"},
		{name: "US-ASCII", contentType: "text/plain; charset=us-ascii", body: "e", want: "e"},
		{name: "UTF-16LE", contentType: "text/plain; charset=utf-16le", body: encodeUTF16("le", "é한"), want: "é한"},
		{name: "UTF-16BE", contentType: "text/plain; charset=utf-16be", body: encodeUTF16("be", "é한"), want: "é한"},
		{name: "UTF-16 little-endian by its mark", contentType: "text/plain; charset=utf-16",
			body: "\xff\xfe" + encodeUTF16("le", "é한"), want: "é한"},
		{name: "UTF-16 big-endian by its mark", contentType: "text/plain; charset=utf-16",
			body: "\xfe\xff" + encodeUTF16("be", "é한"), want: "é한"},
		{name: "JSON in UTF-16 big-endian by its mark", contentType: "application/json; charset=utf-16",
			body: "\xfe\xff" + encodeUTF16("be", `"é한"`), want: "é한"},

		{name: "a charset that is said twice", contentType: "text/html; charset=iso-8859-1; charset=iso-8859-1",
			body: "caf\xe9", want: "café"},
		{name: "beside a parameter without a value", contentType: "text/csv; charset=iso-8859-1; header", body: "caf\xe9",
			want: "café"},
		{name: "before a second type", contentType: "text/html; charset=ISO-8859-1,text/html", body: "caf\xe9",
			want: "café"},
		{name: "in a quote without an end", contentType: `text/html; charset="windows-1251`, body: "\xec", want: "м"},
		{name: "in an apostrophe", contentType: "text/html; x; charset='windows-1251'", body: "\xec", want: "м"},

		{name: "UTF-8 by its mark", contentType: "text/csv", body: "\uFEFFa;b", want: "a;b"},
		{name: "UTF-8 by its mark without a type", contentType: "", body: "\uFEFFé", want: "é"},
		{name: "UTF-8 by its mark and name", contentType: "text/plain; charset=utf-8", body: "\uFEFFé", want: "é"},
		{name: "the mark wins over the name", contentType: "text/html; charset=iso-8859-1", body: "\uFEFFé", want: "é"},
		{name: "the mark wins over the declaration", contentType: "text/xml",
			body: "\uFEFF<?xml version='1.0' encoding='iso-8859-1'?>é", want: "<?xml version='1.0' encoding='iso-8859-1'?>é"},
		{name: "the mark wins over an unknown name", contentType: "text/plain; charset=klingon", body: "\uFEFFé",
			want: "é"},
		{name: "one mark of two", contentType: "text/plain", body: "\uFEFF\uFEFFé", want: "\uFEFFé"},
		{name: "a mark that is not in front", contentType: "text/plain", body: "é\uFEFF", want: "é\uFEFF"},
		{name: "JSON lines with a mark", contentType: "application/x-ndjson", body: "\uFEFF{}\n", want: "{}\n"},
		{name: "JSON with a mark that is no JSON", contentType: "application/json", body: "\uFEFF{a}", want: "{a}"},
		{name: "UTF-16 by its mark of any type", contentType: "text/tab-separated-values",
			body: "\xff\xfe" + encodeUTF16("le", "é\t한"), want: "é\t한"},
		{name: "GB18030 with a mark", contentType: "text/plain; charset=gb18030", body: "\x84\x31\x95\x33\xd6\xd0",
			want: "中"},
		{name: "a mark before what is no UTF-8", contentType: "text/plain; charset=iso-8859-1", body: "\uFEFF\xe9"},

		{name: "an unknown charset of UTF-8", contentType: "text/plain; charset=klingon", body: "é", want: "é"},
		{name: "an unknown charset of bytes", contentType: "text/plain; charset=klingon", body: "\xe9\xff"},
		{name: "UTF-8 that is none", contentType: "text/plain; charset=utf-8", body: "caf\xe9"},
		{name: "US-ASCII that is none", contentType: "text/plain; charset=us-ascii", body: "caf\xe9"},
		{name: "EUC-KR that is none", contentType: "text/plain; charset=euc-kr", body: "\xc7\xd1\xff\xff"},
		{name: "Shift_JIS cut short", contentType: "text/plain; charset=shift_jis", body: "\x93\xfa\x96"},
		{name: "UTF-16 of an odd length", contentType: "text/plain; charset=utf-16le", body: "a\x00b"},
		{name: "a charset that browsers refuse", contentType: "text/plain; charset=iso-2022-kr",
			body: "\x1b$)C\x0e\x47\x51\x0f"},
		{name: "JSON in EUC-KR that is none", contentType: "application/json; charset=euc-kr", body: "\"\xff\xff\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			object := encodetest.Members(t, schema, render(encodetest.Success(c.contentType, c.body), BodyAuto))
			if c.want != "" {
				if object["body"] != c.want {
					t.Errorf("body is %q, want %q", object["body"], c.want)
				}
				return
			}
			text, _ := object["body"].(string)
			if got, err := base64.StdEncoding.DecodeString(text); object["body_encoding"] != "base64" || err != nil ||
				string(got) != c.body {
				t.Errorf("body is %q as %v, want all of %q as base64", text, object["body_encoding"], c.body)
			}
		})
	}
}

// TestScanText: scanText finds U+FFFD across the borders of its reads.
func TestScanText(t *testing.T) {
	for _, step := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		for text, want := range map[string]bool{"": false, "plain": false, "a\ufffdb": true, "\ufffd": true,
			"\uffef\ubfbd": false} {
			size, strange, err := scanText(step(strings.NewReader(text)))
			if strange != want || err != nil || !strange && size != int64(len(text)) {
				t.Errorf("%q: %d bytes, %t, %v", text, size, strange, err)
			}
		}
	}
}

// encodeUTF16 encodes text in UTF-16 of that byte order, without a byte order mark.
func encodeUTF16(order, text string) string {
	endian := unicode.LittleEndian
	if order == "be" {
		endian = unicode.BigEndian
	}
	coded, err := unicode.UTF16(endian, unicode.IgnoreBOM).NewEncoder().String(text)
	if err != nil {
		panic(err) // the texts are constants
	}
	return coded
}
