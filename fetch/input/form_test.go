package input

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"batchfetch/fetch"
)

// requestsOf returns what a Reader makes of in, each as line, URL, id and meta, or the message of a line that can't be
// used; and the error of the input.
func requestsOf(form Form, in io.Reader) (got []string, end error) {
	reader := Reader{Form: form}
	for r, err := range reader.Lines(in, "x") {
		var line *fetch.LineError
		switch {
		case errors.As(err, &line):
			got = append(got, fmt.Sprintf("%d ! %s", r.Line, line.Err))
		case err != nil:
			return got, err
		default:
			text := fmt.Sprintf("%d %s", r.Line, r.URL)
			if r.ID != nil {
				text += " id " + string(r.ID)
			}
			if r.Meta != nil {
				text += " meta " + string(r.Meta)
			}
			got = append(got, text)
		}
	}
	return got, nil
}

// TestForms: the requests of each form, and what is told apart by itself.
func TestForms(t *testing.T) {
	for _, tt := range []struct {
		name string
		form Form
		in   string
		want []string
		end  string // the error of the input; "" is none
	}{
		{"JSON strings, as of jq without -r", "", `"http://a.test/"` + "\n" + `"http://b.test/\u0078"` + "\n",
			[]string{"1 http://a.test/", "2 http://b.test/x"}, ""},
		{"a JSON string that is no URL", "", `"x` + "\n" + `""` + "\n" + `"{}"`,
			[]string{"1 ! no http://", "2 ! no http://", "3 ! no http://"}, ""},
		{"carriage returns alone", "", "http://a.test/\rhttp://b.test/\r\rhttp://c.test/\r",
			[]string{"1 http://a.test/", "2 http://b.test/", "4 http://c.test/"}, ""},
		{"each end of a line", "", "http://a.test/\r\nhttp://b.test/\nhttp://c.test/\rhttp://d.test/",
			[]string{"1 http://a.test/", "2 http://b.test/", "3 http://c.test/", "4 http://d.test/"}, ""},
		{"joined files with marks", "", "\ufeffhttp://a.test/\n\ufeffhttp://b.test/\n",
			[]string{"1 http://a.test/", "2 http://b.test/"}, ""},

		{"a table that is taken for lines", "", "id,URL,n\nurl\n\"url\"\tn\n",
			[]string{"1 ! the header of a table", "2 ! no http://", "3 ! the header of a table"}, ""},
		{"CSV", FormCSV, "name,url,id\n\"A, the \"\"first\"\"\",http://a.test/,7\nB, http://b.test/ ,\n",
			[]string{`2 http://a.test/ id "7" meta {"name":"A, the \"first\""}`, `3 http://b.test/ meta {"name":"B"}`}, ""},
		{"CSV with a mark, CRLF and URL in capitals", FormCSV, "\ufeffURL,n\r\nhttp://a.test/,1\r\n\r\nhttp://b.test/,2\r\n",
			[]string{`2 http://a.test/ meta {"n":"1"}`, `4 http://b.test/ meta {"n":"2"}`}, ""},
		{"CSV with marks and names in quotes", FormCSV, "\ufeff\ufeff\"url\",\"n\"\r\n\"http://a.test/\",\"1\"\r\n",
			[]string{`2 http://a.test/ meta {"n":"1"}`}, ""},
		{"CSV with carriage returns alone", FormCSV, "url;n\rhttp://a.test/;1\rhttp://b.test/;2\r",
			[]string{`2 http://a.test/ meta {"n":"1"}`, `3 http://b.test/ meta {"n":"2"}`}, ""},
		{"CSV with carriage returns within fields", FormCSV, "url,n\r\nhttp://a.test/,1\r2\r\n",
			[]string{`2 http://a.test/ meta {"n":"1\r2"}`}, ""},
		{"CSV, a header that a carriage return ends", FormCSV, "url,n\r", nil, ""},
		{"CSV with semicolons", FormCSV, "url;n\nhttp://a.test/a,b;1\n", []string{`2 http://a.test/a,b meta {"n":"1"}`}, ""},
		{"CSV with tabs", FormCSV, "url\tn\nhttp://a.test/a,b;c\t\"1\n",
			[]string{`2 http://a.test/a,b;c meta {"n":"\"1"}`}, ""},
		{"TSV with quotes that are text", FormTSV,
			"n\turl\n\"Weird Al\" Y\thttp://a.test/\n\"b\thttp://b.test/\nc\thttp://c.test/\n\"d\"\thttp://d.test/\n",
			[]string{`2 http://a.test/ meta {"n":"\"Weird Al\" Y"}`, `3 http://b.test/ meta {"n":"\"b"}`,
				`4 http://c.test/ meta {"n":"c"}`, `5 http://d.test/ meta {"n":"d"}`}, ""},
		{"TSV with a quote at the end of a row", FormTSV,
			"url\tn\nhttp://a.test/\t\"b\nhttp://b.test/\t\"\nhttp://c.test/\t\"\"\n",
			[]string{`2 http://a.test/ meta {"n":"\"b"}`, `3 http://b.test/ meta {"n":"\""}`,
				`4 http://c.test/ meta {"n":""}`}, ""},
		{"TSV with fields in quotes", FormTSV,
			"url\tn\r\nhttp://a.test/\t\"1\r\n\"\"2\"\"\"\r\n\r\nhttp://b.test/\t\"3\t4\"\r\n\"http://c.test/\"\t\"\"\r\n",
			[]string{`2 http://a.test/ meta {"n":"1\n\"2\""}`, `5 http://b.test/ meta {"n":"3\t4"}`,
				`6 http://c.test/ meta {"n":""}`}, ""},
		{"CSV whose first line names the separator for Excel", FormCSV, "\ufeffsep=;\r\nurl;n,m\r\nhttp://a.test/;1\r\n",
			[]string{`3 http://a.test/ meta {"n,m":"1"}`}, ""},
		{"CSV whose first line names the separator, nothing else", FormCSV, "sep=;\n", nil, ""},
		{"CSV, the column sep=", FormCSV, "sep=,url\n1,http://a.test/\n", []string{`2 http://a.test/ meta {"sep=":"1"}`}, ""},
		{"CSV, blank rows of a spreadsheet", FormCSV, "url,n\nhttp://a.test/,1\n,\n,,,\nhttp://b.test/,2\n,\n",
			[]string{`2 http://a.test/ meta {"n":"1"}`, `5 http://b.test/ meta {"n":"2"}`}, ""},
		{"CSV, rows that end with separators", FormCSV, "url,n\nhttp://a.test/,1,,\nhttp://b.test/,,\n",
			[]string{`2 http://a.test/ meta {"n":"1"}`, `3 http://b.test/ meta {"n":""}`}, ""},
		{"CSV with a field of several lines", FormCSV, "url,n\nhttp://a.test/,\"1\n2\"\nhttp://b.test/,3\n",
			[]string{`2 http://a.test/ meta {"n":"1\n2"}`, `4 http://b.test/ meta {"n":"3"}`}, ""},
		{"CSV, rows of other lengths", FormCSV, "url,n\nhttp://a.test/\nhttp://b.test/,1,2\nhttp://c.test/,3\n",
			[]string{"2 http://a.test/", "3 ! the row has 3 fields, and the header 2", `4 http://c.test/ meta {"n":"3"}`}, ""},
		{"CSV, a row without a URL", FormCSV, "url,n\n,1\nno url,2\n",
			[]string{"2 ! no url", "3 ! no http://"}, ""},
		{"CSV, a quote in the middle", FormCSV, "url,n\nhttp://a.test/,x\"y\nhttp://b.test/,z\n",
			[]string{"2 ! no row of CSV: bare \" in non-quoted-field", `3 http://b.test/ meta {"n":"z"}`}, ""},
		{"CSV, a quote that the next one closes, lines below", FormCSV,
			"url,n\nhttp://a.test/,\"5 inch\nhttp://b.test/,1\nhttp://c.test/,\"x\"\nhttp://d.test/,2\n",
			[]string{"2 ! no row of CSV, lines 2 to 4: ", `5 http://d.test/ meta {"n":"2"}`}, ""},
		{"CSV, a quote that is never closed", FormCSV,
			"url,n\nhttp://a.test/,1\nhttp://b.test/,\"5 inch\nhttp://c.test/,1\nhttp://d.test/,2\n",
			[]string{`2 http://a.test/ meta {"n":"1"}`}, "a quote that line 3 opens is never closed: unexpected EOF"},
		{"CSV, a quote that is never closed in the last line", FormCSV, "url,n\nhttp://a.test/,\"1\n",
			[]string{"2 ! no row of CSV: extraneous or missing"}, ""},
		{"CSV, text behind a quote that is closed, in the last row", FormCSV,
			"url,n\nhttp://a.test/,1\nhttp://b.test/,\"x\ny\" z\n",
			[]string{`2 http://a.test/ meta {"n":"1"}`, "3 ! no row of CSV, lines 3 to 4: extraneous or missing"}, ""},
		{"CSV, the same with blank lines below", FormCSV, "url,n\r\nhttp://b.test/,\"x\r\ny\" z\r\n\r\n\r\n",
			[]string{"2 ! no row of CSV, lines 2 to 3: extraneous or missing"}, ""},
		{"CSV, a bare quote behind a field of two lines, in the last row", FormCSV, "url,n,m\nhttp://b.test/,\"x\ny\",b\"c\n",
			[]string{"2 ! no row of CSV, lines 2 to 3: bare "}, ""},
		{"CSV, a quote that is never closed, with blank lines below", FormCSV,
			"url,n\r\nhttp://b.test/,\"5 inch\r\nc,1\r\n\r\n",
			nil, "a quote that line 2 opens is never closed: unexpected EOF"},
		{"CSV, the same without the end of a line", FormCSV, "url,n\nhttp://b.test/,\"5 inch\nc,1",
			nil, "a quote that line 2 opens is never closed: unexpected EOF"},
		{"CSV without a header", FormCSV, "http://a.test/,1\n", nil, `no column is named url, but "http://a.test/, 1"`},
		{"CSV with two", FormCSV, "url,Url\n", nil, "two columns are named Url"},
		{"CSV, empty", FormCSV, "", nil, ""},
		{"TSV", FormTSV, "id\turl\tsaid\n1\thttp://a.test/\tshe said \"no\"\n",
			[]string{`2 http://a.test/ id "1" meta {"said":"she said \"no\""}`}, ""},
		{"CSV in UTF-16", FormCSV, encodeUTF16("url,n\r\nhttp://a.test/,1\r\n", false, true),
			[]string{`2 http://a.test/ meta {"n":"1"}`}, ""},

		{"an array", "", " \n[\n\"http://a.test/\",\n {\"url\":\"http://b.test/\",\"id\":2}]\n",
			[]string{"1 http://a.test/", "2 http://b.test/ id 2"}, ""},
		{"an array of other things", FormJSON, `[1, null, ["http://a.test/"], {"x":1}, "http://a.test/"]`,
			[]string{"1 ! no http://", "2 ! no http://", "3 ! text in front of the URL",
				"4 ! no url", "5 http://a.test/"}, ""},
		{"an empty array", "", "[]", nil, ""},
		{"an array that breaks off", "", `["http://a.test/", {"url":`, []string{"1 http://a.test/"},
			"the JSON array breaks off"},
		{"an array that breaks off behind a comma", "", "[\"http://a.test/\",\n", []string{"1 http://a.test/"},
			"the JSON array breaks off: unexpected EOF"},
		{"an array without an end", "", `["http://a.test/"`, []string{"1 http://a.test/"}, "the JSON array breaks off"},
		{"behind an array", "", `["http://a.test/"] x`, []string{"1 http://a.test/"}, "something follows the JSON array"},
		{"no array", FormJSON, `{"url":"http://a.test/"}`, nil, "the input is no JSON array"},

		{"a sitemap", "", `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> http://a.test/?a=1&amp;b=2 </loc><lastmod>2026-01-02</lastmod>
<image:image><image:loc>http://a.test/i.png</image:loc></image:image></url>
<other><loc>http://no.test/</loc></other>
<url><loc>http://b.test/</loc><priority>0.5</priority></url>
<url><lastmod>2026</lastmod></url>
</urlset>`, []string{`4 http://a.test/?a=1&b=2 meta {"lastmod":"2026-01-02"}`,
			`7 http://b.test/ meta {"priority":"0.5"}`, "8 ! no url"}, ""},
		{"an index of sitemaps", FormSitemap,
			`<sitemapindex><sitemap><loc>http://a.test/1.xml.gz</loc></sitemap></sitemapindex>`,
			[]string{"1 http://a.test/1.xml.gz"}, ""},
		{"a sitemap in Latin-1", "",
			"<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url><loc>http://a.test/\xe9</loc></url></urlset>",
			[]string{"1 http://a.test/\u00e9"}, ""},
		{"a sitemap in UTF-16, which says so", "", encodeUTF16(
			"<?xml version='1.0' encoding='UTF-16'?><urlset><url><loc>http://a.test/</loc></url></urlset>", true, true),
			[]string{"1 http://a.test/"}, ""},
		{"sitemaps one after the other", "",
			"\ufeff<?xml version='1.0'?><urlset><url><loc>http://a.test/</loc></url></urlset>\n" +
				"\ufeff<?xml version='1.0'?>\n<sitemapindex><sitemap><loc>http://b.test/</loc></sitemap></sitemapindex>\n",
			[]string{"1 http://a.test/", "3 http://b.test/"}, ""},
		{"lines that are called a sitemap", FormSitemap, "http://a.test/\nhttp://b.test/\n", nil, "text outside of its root"},
		{"text behind a sitemap", "", "<urlset><url><loc>http://a.test/</loc></url></urlset>\nhttp://b.test/\n",
			[]string{"1 http://a.test/"}, "text outside of its root"},
		{"a page behind a sitemap", "", "<urlset><url><loc>http://a.test/</loc></url></urlset><html></html>",
			[]string{"1 http://a.test/"}, `its root is "html"`},
		{"a sitemap that breaks off", "", `<urlset><url><loc>http://a.test/</loc></url><url>`,
			[]string{"1 http://a.test/"}, "no sitemap: XML syntax error"},
		{"URLs between < and >", "", "<http://a.test/>\n http://b.test/\n<https://c.test/>\n",
			[]string{"1 ! text in front of the URL", "2 http://b.test/", "3 ! text in front of the URL"}, ""},
		{"one in capital letters", "", "<HTTP://a.test/>\nhttp://b.test/\n",
			[]string{"1 ! no http:// or https:// in front", "2 http://b.test/"}, ""},
		{"a page of HTML", "", `<html><body>x</body></html>`, nil, `no sitemap: its root is "html"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
				got, end := requestsOf(tt.form, in)
				isEnd := end == nil && tt.end == "" || end != nil && tt.end != "" && strings.Contains(end.Error(), tt.end)
				if !isEnd || !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
					t.Errorf("got %q, %v\nwant %q, %s", got, end, tt.want, tt.end)
				}
			}
			count, _ := (&Reader{Form: tt.form}).Count(strings.NewReader(tt.in))
			if tt.end == "" && count != int64(len(tt.want)) {
				t.Errorf("%d counted, want %d", count, len(tt.want))
			}
		})
	}
}

// TestFormsAreBounded: an element without an end is an error before it takes much memory.
func TestFormsAreBounded(t *testing.T) {
	for form, start := range map[Form]string{
		FormCSV: "url\n\"", FormTSV: "url\n", FormJSON: `["`, FormSitemap: "<urlset><url><loc>",
	} {
		before := allocated()
		_, end := requestsOf(form, io.MultiReader(strings.NewReader(start), &endlessLine{n: 1 << 30}))
		if !errors.Is(end, errElementTooLong) {
			t.Errorf("%s: %v", form, end)
		}
		if took := allocated() - before; took > 128<<20 {
			t.Errorf("%s: %d MiB were allocated", form, took>>20)
		}
	}
}

// FuzzForms: no input makes a form panic or hang, and each request that it yields has been checked.
func FuzzForms(f *testing.F) {
	f.Add("csv", []byte("url,n\nhttp://a.test/,1\n"))
	f.Add("tsv", []byte("url\tn\nhttp://a.test/\t1\n"))
	f.Add("json", []byte(`["http://a.test/",{"url":"http://b.test/"}]`))
	f.Add("sitemap", []byte("<urlset><url><loc>http://a.test/</loc></url></urlset>"))
	f.Add("auto", []byte("\"http://a.test/\"\r\ufeffhttp://b.test/"))
	f.Fuzz(func(t *testing.T, form string, in []byte) {
		for r, err := range (&Reader{Form: Form(form)}).Lines(strings.NewReader(string(in)), "x") {
			if err == nil {
				if _, wrong := r.ParsedURL(); wrong != nil {
					t.Errorf("%q: %v", r.URL, wrong)
				}
			}
		}
	})
}

// allocated returns how many bytes the process has allocated so far.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
