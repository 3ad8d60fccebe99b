package fetch

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/transport"
)

// headerOf returns a header of names and values in turn.
func headerOf(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

const (
	olderDate = "Fri, 02 Jan 2026 11:59:59 GMT"
	newerDate = "Fri, 02 Jan 2026 12:00:00 GMT"
)

// receivedAt is a minute after olderDate and less than one after newerDate.
var receivedAt = time.Date(2026, time.January, 2, 12, 0, 59, 0, time.UTC)

// TestStrongValidator checks which validators identify one body (RFC 9110 sections 8.8 and 13.1.5).
func TestStrongValidator(t *testing.T) {
	to := &target{Target: transport.Target{Header: headerOf("Accept", "*/*", "Accept-Language", "de")}}
	for _, tt := range []struct {
		name string
		h    http.Header
		want string
	}{
		{"nothing", headerOf("Date", newerDate), ""},
		{"a strong tag", headerOf("ETag", `"abc"`), `"abc"`},
		{"an empty strong tag", headerOf("ETag", `""`), `""`},
		{"before a date", headerOf("ETag", `"abc"`, "Last-Modified", olderDate, "Date", newerDate), `"abc"`},
		{"a weak tag", headerOf("ETag", `W/"abc"`), ""},
		{"a weak tag keeps the date from being one", headerOf("ETag", `W/"abc"`, "Last-Modified", olderDate,
			"Date", newerDate), ""},
		{"two tags", headerOf("ETag", `"abc"`, "ETag", `"def"`), ""},
		{"no quotes", headerOf("ETag", `9b027d-2dc6c0-6b0d7d19`), `9b027d-2dc6c0-6b0d7d19`},
		{"a weak tag without quotes", headerOf("ETag", `W/abc`), ""},
		{"two without quotes", headerOf("ETag", `abc,def`), ""},
		{"no tag", headerOf("ETag", ""), ""},
		{"one quote", headerOf("ETag", `"`), ""},
		{"a quote inside", headerOf("ETag", `"a"b"`), ""},
		{"a space inside", headerOf("ETag", `"a b"`), ""},
		{"a line break inside", headerOf("ETag", "\"a\r\nX: b\""), ""},
		{"beyond ASCII", headerOf("ETag", `"é"`), ""},
		{"too long", headerOf("ETag", `"`+strings.Repeat("a", maxETag)+`"`), ""},
		{"a date a second old", headerOf("Last-Modified", olderDate, "Date", newerDate), olderDate},
		{"a date of the same second", headerOf("Last-Modified", newerDate, "Date", newerDate), ""},
		{"a date of the future", headerOf("Last-Modified", newerDate, "Date", olderDate), ""},
		{"a date without Date, a minute old", headerOf("Last-Modified", olderDate), olderDate},
		{"a younger one without Date", headerOf("Last-Modified", newerDate), ""},
		{"a date with a Date that is none", headerOf("Last-Modified", olderDate, "Date", "today"), ""},
		{"a date in an old form", headerOf("Last-Modified", "Friday, 02-Jan-26 11:59:59 GMT", "Date", newerDate), ""},
		{"a date that is none", headerOf("Last-Modified", "yesterday", "Date", newerDate), ""},
		{"a date of what the coding chose", headerOf("Last-Modified", olderDate, "Date", newerDate,
			"Vary", "accept-encoding"), olderDate},
		{"a date of what the language chose", headerOf("Last-Modified", olderDate, "Date", newerDate,
			"Vary", "Accept-Encoding, Accept-Language"), ""},
		{"a date of what the language chose, in another line", headerOf("Last-Modified", olderDate, "Date", newerDate,
			"Vary", "Origin", "Vary", "accept-language"), ""},
		{"a date of what a cookie may choose", headerOf("Last-Modified", olderDate, "Date", newerDate,
			"Vary", "Cookie"), ""},
		{"a date of a file that other origins may have", headerOf("Last-Modified", olderDate, "Date", newerDate,
			"Vary", "Origin"), olderDate},
		{"the same in three lines", headerOf("Last-Modified", olderDate, "Date", newerDate, "Vary", "Origin",
			"Vary", "Access-Control-Request-Method", "Vary", "Access-Control-Request-Headers"), olderDate},
		{"a date of what anything chose", headerOf("Last-Modified", olderDate, "Date", newerDate, "Vary", "*"), ""},
		{"a tag of what the language chose", headerOf("ETag", `"de"`, "Vary", "Accept-Language"), `"de"`},
	} {
		if got := strongValidator(to, tt.h, receivedAt); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestPartialInfoOf checks that a PartialInfo holds no secret, and that there is none for a body that could not be
// continued.
func TestPartialInfoOf(t *testing.T) {
	u, err := url.Parse("HTTPS://ann:secret@A.test:443/a%20b/c?token=secret#here")
	if err != nil {
		t.Fatal(err)
	}
	to := &target{Target: transport.Target{URL: u, Method: http.MethodGet,
		Header: http.Header{"Authorization": {"Bearer secret"}}}}
	tag := []string{"ETag", `"abc"`}
	want := PartialInfo{Validator: `"abc"`, Total: 5,
		URL: "https://a.test/a%20b/c?1359227d95e1ba804467fce441aeb48f2c5c687357dd015ac9d69a204b4bee3d"}
	if m, ok := partialInfoOf(to, headerOf(tag...), 5, receivedAt); !ok || m != want {
		t.Errorf("got %+v, %t", m, ok)
	}
	if m, ok := partialInfoOf(to, headerOf(tag...), -1, receivedAt); !ok || m.Total != 0 {
		t.Errorf("of unknown length it is %+v, %t", m, ok)
	}
	for _, h := range []http.Header{headerOf(), headerOf(append(tag, "Accept-Ranges", "None")...),
		headerOf("ETag", `"/a%20b/c"`), // of all versions (cache.IsURLTag)
		headerOf(append(tag, "Content-Encoding", "gzip"+strings.Repeat(" ,gzip", maxCodingText))...)} {
		if m, ok := partialInfoOf(to, h, 5, receivedAt); ok {
			t.Errorf("%v became %+v", h, m)
		}
	}
	for _, h := range []http.Header{headerOf(append(tag, "Accept-Ranges", "bytes")...),
		headerOf(append(tag, "Content-Encoding", "identity")...), headerOf(append(tag, "Content-Encoding", "gzip")...)} {
		if _, ok := partialInfoOf(to, h, 5, receivedAt); !ok {
			t.Errorf("%v became nothing", h)
		}
	}
}

// TestWeakPartialInfoOf checks that a weak tag will do for a file, which has a date and a length besides.
func TestWeakPartialInfoOf(t *testing.T) {
	u, err := url.Parse("http://a.test/")
	if err != nil {
		t.Fatal(err)
	}
	to := &target{Target: transport.Target{URL: u, Method: http.MethodGet}}
	for _, tt := range []struct {
		name   string
		h      http.Header
		length int64
		want   bool
	}{
		{"a file", headerOf("ETag", `W/"a"`, "Last-Modified", olderDate, "Date", newerDate, "Accept-Ranges", "bytes"), 5,
			true},
		{"in chunks", headerOf("ETag", `W/"a"`, "Last-Modified", olderDate, "Date", newerDate, "Accept-Ranges", "bytes"), -1,
			false},
		// sirv 3.0.2 (Vite, SvelteKit) has ranges, and says so in a 206 alone.
		{"of ranges it says nothing", headerOf("ETag", `W/"a"`, "Last-Modified", olderDate, "Date", newerDate), 5, true},
		{"without ranges", headerOf("ETag", `W/"a"`, "Last-Modified", olderDate, "Date", newerDate, "Accept-Ranges", "none"),
			5, false},
		{"without a date", headerOf("ETag", `W/"a"`, "Date", newerDate, "Accept-Ranges", "bytes"), 5, false},
		{"of this second", headerOf("ETag", `W/"a"`, "Last-Modified", newerDate, "Date", newerDate, "Accept-Ranges", "bytes"),
			5, false},
		{"no tag at all", headerOf("ETag", `W/a`, "Last-Modified", olderDate, "Date", newerDate, "Accept-Ranges", "bytes"), 5,
			false},
	} {
		want := PartialInfo{Validator: `W/"a"`, LastModified: olderDate, Total: 5, URL: "http://a.test/"}
		if m, ok := partialInfoOf(to, tt.h, tt.length, receivedAt); ok != tt.want || ok && m != want {
			t.Errorf("%s: %+v, %t", tt.name, m, ok)
		}
	}
}

// TestPlainGet checks that a request with a body, another method or a range of its own is not a plain GET.
func TestPlainGet(t *testing.T) {
	for name, tt := range map[string]struct {
		to   target
		want bool
	}{
		"GET":           {target{Target: transport.Target{Method: "GET"}}, true},
		"HEAD":          {target{Target: transport.Target{Method: "HEAD"}}, false},
		"POST":          {target{Target: transport.Target{Method: "POST"}}, false},
		"GET with body": {target{Target: transport.Target{Method: "GET", Body: []byte{}}}, false},
		"own Range":     {target{Target: transport.Target{Method: "GET", Header: headerOf("Range", "bytes=5-")}}, false},
		"own If-Range":  {target{Target: transport.Target{Method: "GET", Header: headerOf("If-Range", `"abc"`)}}, false},
	} {
		if got := isPlainGet(&tt.to); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestUsablePartialInfo checks that a PartialInfo is not trusted: anybody may have written it.
func TestUsablePartialInfo(t *testing.T) {
	good := PartialInfo{Validator: `"abc"`, Total: 10, URL: "http://a.test/"}
	for _, tt := range []struct {
		name   string
		size   int64
		change func(*PartialInfo)
		want   bool
	}{
		{"as it should be", 9, func(*PartialInfo) {}, true},
		{"with all its bytes", 10, func(*PartialInfo) {}, true},
		{"with more than all", 11, func(*PartialInfo) {}, false},
		{"with none", 0, func(*PartialInfo) {}, false},
		{"of unknown length", 11, func(m *PartialInfo) { m.Total = 0 }, true},
		{"of negative length", 9, func(m *PartialInfo) { m.Total = -1 }, false},
		{"with a date", 9, func(m *PartialInfo) { m.Validator = olderDate }, true},
		{"with a weak tag", 9, func(m *PartialInfo) { m.Validator = `W/"abc"` }, false},
		{"with a weak tag and a date", 9, func(m *PartialInfo) {
			m.Validator, m.LastModified = `W/"abc"`, olderDate
		}, true},
		{"with a weak tag, a date and no length", 9, func(m *PartialInfo) {
			m.Validator, m.LastModified, m.Total = `W/"abc"`, olderDate, 0
		}, false},
		{"with a tag without quotes", 9, func(m *PartialInfo) { m.Validator = "abc" }, true},
		{"with a tag without quotes and no length", 9, func(m *PartialInfo) { m.Validator, m.Total = "abc", 0 }, false},
		{"with a date that is none", 9, func(m *PartialInfo) { m.LastModified = "a\r\nHost: b" }, false},
		{"with a coding that is long", 9, func(m *PartialInfo) { m.Coding = strings.Repeat("a", 101) }, false},
		{"with a line break", 9, func(m *PartialInfo) { m.Validator = "\"a\"\r\nHost: b" }, false},
		{"with no validator", 9, func(m *PartialInfo) { m.Validator = "" }, false},
		{"from nowhere", 9, func(m *PartialInfo) { m.URL = "" }, false},
	} {
		m := good
		tt.change(&m)
		if got := m.Usable(tt.size); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

func TestParseContentRange(t *testing.T) {
	for text, want := range map[string]contentRange{
		"bytes 100-199/200": {100, 199, 200},
		"Bytes 0-0/1":       {0, 0, 1},
		"bytes 100-199/*":   {100, 199, 0},
		"bytes 0-9223372036854775806/9223372036854775807": {0, math.MaxInt64 - 1, math.MaxInt64},
	} {
		if got, ok := parseContentRange(text); !ok || got != want {
			t.Errorf("%q: %+v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "bytes", "bytes ", "bytes */200", "bytes 100-199", "bytes 100/200",
		"bytes 199-100/200", "bytes 100-200/200",
		"bytes -1-199/200", "bytes +1-199/200", "bytes 1-+199/200", "bytes 1-199/+200", "bytes 1-199/", "bytes=1-199/200",
		"lines 1-2/3",
		"bytes  1-199/200", "bytes 1-199/200 ", "bytes 1-199/200, bytes 1-2/3", "bytes 1-9223372036854775808/*",
		"bytes 0x1-199/200", "bytes 1-2/0"} {
		if got, ok := parseContentRange(text); ok {
			t.Errorf("%q became %+v", text, got)
		}
	}
}

// TestPartIsWithinRange: a part of 200 bytes is what a Range has requested, or some of it.
func TestPartIsWithinRange(t *testing.T) {
	for _, tt := range []struct {
		requested string
		part      contentRange
		want      bool
	}{
		{"bytes=0-9", contentRange{0, 9, 200}, true},
		{"bytes=0-9", contentRange{2, 5, 200}, true},
		{"bytes=0-9", contentRange{0, 10, 200}, false},
		{"bytes=0-0", contentRange{0, 199, 200}, false}, // sirv 3.0
		{"bytes=5-", contentRange{5, 199, 200}, true},
		{"bytes=5-", contentRange{4, 199, 200}, false},
		{"bytes=-9", contentRange{191, 199, 200}, true},
		{"bytes=-9", contentRange{190, 199, 200}, false},
		{"bytes=-9", contentRange{0, 9, 200}, false}, // sirv 3.0, s3rver 3.7, Mojolicious 9.31
		{"bytes=-900", contentRange{0, 199, 200}, true},
		{"bytes=-9", contentRange{0, 9, 0}, true}, // where the end is, is not said
		{"bytes=20-29,40-49", contentRange{0, 9, 200}, true},
		{"bytes=x-9", contentRange{0, 99, 200}, true},
		{"bytes=5-x", contentRange{0, 99, 200}, true},
		{"bytes=-", contentRange{0, 99, 200}, true},
		{"bytes=", contentRange{0, 99, 200}, true},
		{"lines=5-", contentRange{0, 99, 200}, true},
	} {
		if got := tt.part.isWithin(tt.requested); got != tt.want {
			t.Errorf("%q and %+v: %t", tt.requested, tt.part, got)
		}
	}
}

// FuzzParseContentRange checks that a range that parses lies within its total, and that its text parses to the same
// range.
func FuzzParseContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 100-199/200", "bytes 0-0/*", "bytes */5", "bytes 1-2/3, bytes 4-5/6",
		"bytes 9223372036854775807-9223372036854775807/*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := parseContentRange(text)
		if !ok {
			return
		}
		if r.first < 0 || r.first > r.last || r.total < 0 || r.total > 0 && r.last >= r.total {
			t.Fatalf("%q became %+v", text, r)
		}
		total := "*"
		if r.total > 0 {
			total = fmt.Sprint(r.total)
		}
		again, ok := parseContentRange(fmt.Sprintf("bytes %d-%d/%s", r.first, r.last, total))
		if !ok || again != r {
			t.Fatalf("%q became %+v, then %+v", text, r, again)
		}
	})
}

// TestContinues checks that only the bytes that follow, of the same body, are appended to a partial body.
func TestContinues(t *testing.T) {
	tagged := PartialInfo{Validator: `"abc"`, Total: 200, URL: "http://a.test/"}
	dated := PartialInfo{Validator: olderDate, URL: "http://a.test/"}
	weak := PartialInfo{Validator: `W/"abc"`, LastModified: olderDate, Total: 200, URL: "http://a.test/"}
	bare := PartialInfo{Validator: `9b-c8-6b`, LastModified: olderDate, Total: 200, URL: "http://a.test/"}
	for _, tt := range []struct {
		name   string
		mark   PartialInfo
		status int
		h      http.Header
		want   int64 // the size of the whole body; 0: the response is not used
	}{
		{"the rest", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"abc"`), 200},
		{"without a tag", tagged, 206, headerOf("Content-Range", "bytes 100-199/200"), 0},
		{"with two tags", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"abc"`, "ETag", `"abc"`), 0},
		{"with less than the rest", tagged, 206, headerOf("Content-Range", "bytes 100-149/200", "ETag", `"abc"`), 200},
		{"of a total that was known", tagged, 206, headerOf("Content-Range", "bytes 100-199/*", "ETag", `"abc"`), 200},
		{"without a date", dated, 206, headerOf("Content-Range", "bytes 100-199/200"), 0},
		{"the weak tag and the date", weak, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `W/"abc"`,
			"Last-Modified", olderDate), 200},
		{"the weak tag without the date", weak, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `W/"abc"`), 0},
		{"the weak tag with another date", weak, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `W/"abc"`,
			"Last-Modified", newerDate), 0},
		{"another weak tag", weak, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `W/"def"`,
			"Last-Modified", olderDate), 0},
		{"the weak tag, strong", weak, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"abc"`,
			"Last-Modified", olderDate), 0},
		{"the weak tag, of a total that is not told", weak, 206, headerOf("Content-Range", "bytes 100-199/*", "ETag",
			`W/"abc"`, "Last-Modified", olderDate), 0},
		{"the tag without quotes", bare, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `9b-c8-6b`), 200},
		{"the tag, with quotes now", bare, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"9b-c8-6b"`), 0},
		{"another without quotes", bare, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `9b-c8-6c`), 0},
		{"the tag without quotes, of a total that is not told", bare, 206, headerOf("Content-Range", "bytes 100-199/*",
			"ETag", `9b-c8-6b`), 0},
		{"a tag where a date was", dated, 206, headerOf("Content-Range", "bytes 100-199/200", "Last-Modified", olderDate,
			"ETag", `"abc"`), 0},
		{"of a total that was not", dated, 206, headerOf("Content-Range", "bytes 100-199/200", "Last-Modified", olderDate),
			200},
		{"of a total that no one knows", dated, 206, headerOf("Content-Range", "bytes 100-199/*"), 0},
		{"behind the known total", tagged, 206, headerOf("Content-Range", "bytes 100-200/*", "ETag", `"abc"`), 0},
		{"another total", tagged, 206, headerOf("Content-Range", "bytes 100-199/201", "ETag", `"abc"`), 0},
		{"from another byte", tagged, 206, headerOf("Content-Range", "bytes 99-199/200", "ETag", `"abc"`), 0},
		{"from the start", tagged, 206, headerOf("Content-Range", "bytes 0-199/200", "ETag", `"abc"`), 0},
		{"no range", tagged, 206, headerOf("ETag", `"abc"`), 0},
		{"two ranges", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "Content-Range", "bytes 100-199/200"), 0},
		{"several parts", tagged, 206, headerOf("Content-Type", "multipart/byteranges; boundary=x"), 0},
		{"another tag", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"def"`), 0},
		{"the tag, weak", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `W/"abc"`), 0},
		{"another date", dated, 206, headerOf("Content-Range", "bytes 100-199/200", "Last-Modified", newerDate), 0},
		{"a date where a tag was", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "Last-Modified", newerDate),
			0},
		{"a coding", tagged, 206, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"abc"`, "Content-Encoding", "gzip"),
			0},
		{"another status", tagged, 200, headerOf("Content-Range", "bytes 100-199/200", "ETag", `"abc"`), 0},
	} {
		total, ok := continuesFrom(tt.mark, 100, tt.status, tt.h)
		if ok != (tt.want > 0) || ok && total != tt.want {
			t.Errorf("%s: %d, %t", tt.name, total, ok)
		}
	}
}
