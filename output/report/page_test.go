package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostile are texts of a server, an input or a file name that try to be markup, script or an address.
var hostile = []string{
	`</title></style></script><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`,
	`javascript:alert(1)`, `<!--`, `-->`, `]]>`, `{{.Policy}}`, `&lt;script&gt; &amp;`, "\u202egnp.exe", "\x00\x1b[31m",
	"<svg/onload=alert(1)>",
	`</summary></details><iframe src="//evil.test">`, `<base href="//evil.test">`, `<meta http-equiv=refresh content=0>`,
}

// hostileLines are lines with a hostile text wherever a line has one.
func hostileLines(text string) string {
	q := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	x := q(text)
	return fmt.Sprintf(`{"type":"failure","url":%s,"status":404,"error":{"kind":%s,"message":%s},"attempts":1,"cache":%s}`,
		q("https://a.test/"+text), x, x, x) + "\n" +
		fmt.Sprintf(`{"type":"failure","input":%s,"error":{"kind":"invalid_request","message":%s}}`, x, x) + "\n" +
		fmt.Sprintf(`{"type":"success","url":%s,"status":200,"cache":%s,"started_at":"2026-01-02T03:04:05.678Z",`+
			`"elapsed_ms":1}`,
			q("https://"+text+"/"), x) + "\n" +
		fmt.Sprintf(`{"type":"summary","limited_by":%s,"limited_host":%s,"stopped_by":%s,"exit_code":1}`, x, x, x) + "\n"
}

// pageOf returns the page of Data.
func pageOf(t *testing.T, d *Data) string {
	t.Helper()
	var page bytes.Buffer
	if err := d.WritePage(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// shapeOf returns the elements of a page with the names of their attributes, without texts.
func shapeOf(t *testing.T, page string) map[string]int {
	t.Helper()
	shape := make(map[string]int)
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return shape
		}
		if token := z.Token(); kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			name := token.Data
			for _, a := range token.Attr {
				name += " " + a.Key
				if a.Key == "href" || a.Key == "src" {
					name += "=" + a.Val
				}
			}
			shape[name]++
		} else if kind == html.CommentToken || kind == html.DoctypeToken && shape["html"] > 0 {
			shape["comment"]++
		}
	}
}

// TestHostileTexts: whatever text stands in lines, the page has the same elements and attributes.
func TestHostileTexts(t *testing.T) {
	of := func(text string) map[string]int {
		d := NewData()
		if err := d.Read(text, strings.NewReader(hostileLines(text))); err != nil {
			t.Fatal(err)
		}
		page := pageOf(t, d)
		if strings.ContainsAny(page, "\u202e\x00\x1b") {
			t.Errorf("%q: a character that changes how text is shown is in the page", text)
		}
		return shapeOf(t, page)
	}
	want := of("no host")
	if len(want) < 30 || want["script"] != 1 || want["style"] != 1 {
		t.Fatalf("the elements are %v", want)
	}
	for _, text := range hostile {
		got := of(text)
		for _, each := range []map[string]int{got, want} {
			for name := range each {
				if got[name] != want[name] {
					t.Errorf("%q: %d elements %s, not %d", text, got[name], name, want[name])
				}
			}
		}
	}
}

// TestLoadsNothing: there is no address in a page but those of its own parts, and no style that a policy would refuse.
func TestLoadsNothing(t *testing.T) {
	page := pageOf(t, read(t, aSuccess+"\n"+aFailure+"\n"+aSummary))
	for name := range shapeOf(t, page) {
		for attribute := range strings.FieldsSeq(name) {
			key, value, _ := strings.Cut(attribute, "=")
			if value != "" && value[0] != '#' && value != "data:," || strings.HasPrefix(key, "on") {
				t.Errorf("<%s>", name)
			}
		}
		if name != "style" && strings.Contains(name, "style") {
			t.Errorf("<%s>", name)
		}
	}
	for _, address := range []string{"url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "eval("} {
		if strings.Contains(pageStyle+pageScript, address) {
			t.Errorf("%s is in the page", address)
		}
	}
}

// TestTablesHaveNames: each table that Tab leads to has a name of its own, by which screen readers tell them apart.
func TestTablesHaveNames(t *testing.T) {
	page := pageOf(t, read(t, aSuccess+"\n"+aFailure+"\n"+aSummary))
	names := regexp.MustCompile(`class="scroll[^>]*aria-label="([^"]*)"`).FindAllStringSubmatch(page, -1)
	seen := make(map[string]bool)
	for _, name := range names {
		if seen[name[1]] || name[1] == "" {
			t.Errorf("%q is the name of several tables", name[1])
		}
		seen[name[1]] = true
	}
	if len(seen) < 3 {
		t.Errorf("the tables are %v", seen)
	}
}

// TestLargePage: a page of many hosts with long names, failures of many causes with long texts that double when they
// are escaped, and many summaries is under 1 MiB, and what is counted takes little memory.
func TestLargePage(t *testing.T) {
	const records = 30_000
	longText := strings.Repeat(`&"<`, 250)
	in, out := io.Pipe()
	go func() {
		for i := range records {
			host := fmt.Sprintf("h%d.%s.%s.test", i, strings.Repeat("a", 60), strings.Repeat("b", 60))
			fmt.Fprintf(out, `{"type":"failure","url":%q,"status":%d,"error":{"kind":"kind%d&&&&&&&&","message":%q},`+
				`"attempts":4,"started_at":"2026-01-%02dT03:%02d:05.678Z","elapsed_ms":%d,"timing":{"dns_ms":%d}}`+"\n",
				"https://"+host+"/"+longText, 400+i%100, i%1000, longText, 1+i%28, i%60, i, i%977)
			if i%100 == 0 {
				fmt.Fprintf(out, `{"type":"summary","limited_host":%q,"limited_by":%q}`+"\n", longText, longText)
			}
		}
		_ = out.Close()
	}()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := NewData()
	if err := d.Read(longText, in); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if taken := int64(after.HeapAlloc) - int64(before.HeapAlloc); taken > 40<<20 {
		t.Errorf("what is counted takes %d MiB", taken>>20)
	}
	if d.failed != records {
		t.Fatalf("%d Records", d.failed)
	}
	page := pageOf(t, d)
	if len(page) > 1<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	t.Logf("%d bytes", len(page))
	for _, part := range []string{"The 1,000 hosts with the most requests", "other hosts",
		"more failures have other causes", "more summaries: not shown"} {
		if !strings.Contains(page, part) {
			t.Errorf("there is no %q in it", part)
		}
	}
}

// TestHostsSummed: hosts with few requests give way to those with many, and none is lost from the sum.
func TestHostsSummed(t *testing.T) {
	h := newHosts()
	for i := range 100_000 {
		h.ofURL(fmt.Sprintf("https://h%d.test/", i)).requests++
		h.ofURL("HTTPS://user:pw@Large.test:443/x").requests++
		h.ofURL("https://large.test").requests++
	}
	if len(h.byOrigin) > maxHosts || len(h.byStart) > 2*maxHosts {
		t.Errorf("%d hosts, %d starts of URLs", len(h.byOrigin), len(h.byStart))
	}
	h.sumSmallest(shownHosts)
	rows := h.sorted()
	if len(rows) != shownHosts || rows[0].origin != "https://large.test" || rows[0].requests != 200_000 {
		t.Errorf("%d rows, the first is %+v", len(rows), rows[0])
	}
	sum := h.others.requests
	for _, row := range rows {
		sum += row.requests
	}
	if sum != 300_000 {
		t.Errorf("%d requests in all", sum)
	}
}

// TestFormats: figures as they stand on a page.
func TestFormats(t *testing.T) {
	for got, want := range map[string]string{
		formatCount(0): "0", formatCount(-1234567): "-1,234,567", formatCount(999): "999", formatCount(1000): "1,000",
		formatNumber(0.0123): "0.012", formatNumber(1.005): "1", formatNumber(12.34): "12.3", formatNumber(12345.6): "12,346",
		formatRate(0): "0/s", formatRate(0.5): "30/min", formatRate(1.0 / 7200): "12/d", formatRate(2.5): "2.5/s",
		formatBytes(0): "0 B", formatBytes(999.6): "1 kB", formatBytes(1.5e9): "1.5 GB",
		formatDuration(0): "0", formatDuration(250e3): "250 µs", formatDuration(31.4e6): "31.4 ms",
		formatDuration(90e9): "1 min 30 s", formatDuration(7200e9): "2 h", formatDuration(100 * 3600e9): "4 d 4 h",
		formatShare(0, 0): "0 %", formatShare(1, 1e6): "< 0.1 %", formatShare(1e6-1, 1e6): "> 99.9 %",
		formatShare(1, 3): "33.3 %",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for x, want := range map[float64]float64{0: 1, 0.3: 0.5, 1: 1, 1.1: 2, 2.2: 2.5, 4: 5, 7: 10, 1000: 1000} {
		if got := niceCeiling(x); got != want {
			t.Errorf("niceCeiling(%g) is %g, want %g", x, got, want)
		}
	}
}
