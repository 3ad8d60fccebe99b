package report

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A browser is a Chromium without a window, with one tab, driven by the DevTools protocol over a pipe.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	id      int
	events  []message
}

// A message is one of the DevTools protocol, in either direction.
type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   any             `json:"error,omitempty"`
}

// startBrowser starts a Chromium, and skips the test where there is none, or it does not run.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" || testing.Short() {
		t.Skip("no Chromium")
	}
	toRead, in, err1 := os.Pipe()
	out, toWrite, err2 := os.Pipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute) // it takes two seconds
	profile, err := os.MkdirTemp("", "report-browser-")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--disable-dev-shm-usage", "--remote-debugging-pipe", "--disable-background-networking", "--no-first-run",
		"--user-data-dir="+profile, "about:blank")
	command.ExtraFiles = []*os.File{toRead, toWrite}
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = toRead.Close(), toWrite.Close() // they are the browser's
	b := &browser{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	t.Cleanup(func() {
		_, _ = in.Write([]byte(`{"id":1000000,"method":"Browser.close"}` + "\x00"))
		_ = command.Wait()
		cancel()
		_, _ = in.Close(), out.Close()
		_ = os.RemoveAll(profile) // its children may still write to it
	})
	_, _ = in.Write([]byte(`{"id":1000001,"method":"Browser.getVersion"}` + "\x00")) // an error is that of Peek, too
	if _, err := b.out.Peek(1); err != nil {
		t.Skipf("%s does not run here: %v", program, err)
	}
	var target struct{ TargetID string }
	b.decode(b.call("Target.createTarget", map[string]any{"url": "about:blank"}), &target)
	var attached struct{ SessionID string }
	b.decode(b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}), &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil)
	}
	return b
}

func (b *browser) decode(from json.RawMessage, to any) {
	b.t.Helper()
	if err := json.Unmarshal(from, to); err != nil {
		b.t.Fatal(err)
	}
}

// call calls a method and returns its result. Events that come before it are kept.
func (b *browser) call(method string, params any) json.RawMessage {
	b.t.Helper()
	b.id++
	text, err := json.Marshal(message{ID: b.id, Method: method, Session: b.session, Params: params})
	if err == nil {
		_, err = b.in.Write(append(text, 0))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	for {
		m := b.read()
		switch {
		case m.ID == b.id && m.Error != nil:
			b.t.Fatalf("%s: %v", method, m.Error)
		case m.ID == b.id:
			return m.Result
		}
		b.events = append(b.events, m)
	}
}

func (b *browser) read() (m message) {
	b.t.Helper()
	text, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatal(err)
	}
	b.decode(text[:len(text)-1], &m)
	return m
}

// open opens a file and waits until it has loaded.
func (b *browser) open(name string) {
	b.t.Helper()
	b.events = nil
	b.call("Page.navigate", map[string]any{"url": "file://" + name})
	for {
		for _, m := range b.events {
			if m.Method == "Page.loadEventFired" {
				return
			}
		}
		b.events = append(b.events, b.read())
	}
}

// eval returns the value of an expression, as text.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails any
	}
	b.decode(b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}), &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %v", expression, answer.ExceptionDetails)
	}
	return fmt.Sprint(answer.Result.Value)
}

// press presses a key.
func (b *browser) press(key, text string) {
	b.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "ArrowRight": 39, "End": 35, "Escape": 27, " ": 32}
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "windowsVirtualKeyCode": codes[key]}
		if kind == "keyDown" && text != "" {
			params["text"] = text
		}
		b.call("Input.dispatchKeyEvent", params)
	}
}

// show sets the width of the window, and whether it is dark.
func (b *browser) show(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
	b.call("Emulation.setEmulatedMedia", map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
}

// screenshot writes a picture of the whole page where REPORT_SCREENSHOTS names a directory.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("REPORT_SCREENSHOTS")
	if dir == "" {
		return
	}
	var picture struct{ Data string }
	b.decode(b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}), &picture)
	data, err := base64.StdEncoding.DecodeString(picture.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// checkQuiet finds errors that the page has caused, and requests for anything but itself.
func (b *browser) checkQuiet(name string) {
	b.t.Helper()
	b.eval("1") // what happened before has been told by now
	requests := 0
	for _, m := range b.events {
		text, err := json.Marshal(m.Params)
		if err != nil {
			b.t.Fatal(err)
		}
		switch m.Method {
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening":
			b.t.Errorf("%s: %s", m.Method, text)
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			b.decode(text, &p)
			if requests++; p.Request.URL != "file://"+name && p.Request.URL != "data:," {
				b.t.Errorf("it requests %s", p.Request.URL)
			}
		}
	}
	if requests == 0 {
		b.t.Error("no request was seen, not even that of the page")
	}
}

// writePage writes the page of Data to a file.
func writePage(t *testing.T, d *Data) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(name, []byte(pageOf(t, d)), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestBrowserHostile: in a browser the texts of servers, inputs and file names do nothing, whatever is in them.
func TestBrowserHostile(t *testing.T) {
	b := startBrowser(t)
	d := NewData()
	for _, text := range hostile {
		if err := d.Read(text, strings.NewReader(hostileLines(text))); err != nil {
			t.Fatal(err)
		}
	}
	name := writePage(t, d)
	b.open(name)
	for expression, want := range map[string]string{
		"document.scripts.length": "1",
		"document.images.length":  "0",
		"document.title":          "batchfetch report",
		"document.querySelectorAll('iframe, object, embed, base, form, main script, main style, main link').length": "0",
		"[...document.querySelectorAll('*')].some(e => [...e.attributes].some(a => a.name.startsWith('on')))":       "false",
	} {
		if got := b.eval(expression); got != want {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
	b.checkQuiet(name)
}

// TestBrowserKeyboard: the table of hosts is sorted, and the values of charts are read, by keys alone.
func TestBrowserKeyboard(t *testing.T) {
	b := startBrowser(t)
	name := writePage(t, exampleRun(t))
	b.open(name)
	reach := func(what string) {
		t.Helper()
		for range 200 {
			b.press("Tab", "")
			if b.eval("document.activeElement.matches('"+what+"')") == "true" {
				return
			}
		}
		t.Fatalf("Tab does not lead to %s", what)
	}
	tip := "document.querySelector('#throughput .tip')"
	reach("#throughput .plot")
	b.press("ArrowRight", "")
	first := b.eval(tip + ".textContent")
	b.press("End", "")
	last := b.eval(tip + ".textContent")
	if !strings.HasPrefix(first, "+0 · 2026-") || !strings.Contains(first, "succeeded") || first == last ||
		b.eval(tip+".hidden") != "false" {
		t.Errorf("the first values are %q, the last %q", first, last)
	}
	b.press("Escape", "")
	if b.eval(tip+".hidden") != "true" {
		t.Error("the values stay")
	}
	reach(".sortable th:nth-child(3) button")
	column := "[...document.querySelectorAll('.sortable tbody tr')].slice(0, 3).map(r => r.cells[%d].textContent).join()"
	sorted := "document.querySelector('.sortable th:nth-child(3)').getAttribute('aria-sort')"
	for _, want := range []string{"descending 120,120,120", "ascending 0,0,0"} {
		b.press("Enter", "\r")
		if got := b.eval(sorted) + " " + b.eval(fmt.Sprintf(column, 2)); got != want {
			t.Errorf("the table is sorted %s, want %s", got, want)
		}
	}
	b.eval("document.querySelector('.sortable th button').focus()")
	b.press(" ", " ")
	if got := b.eval(fmt.Sprintf(column, 0)); got != "https://h0.test,https://h1.test,https://h10.test" {
		t.Errorf("by name the hosts are %s", got)
	}
	b.checkQuiet(name)
}

// TestBrowserHover: the values under the pointer are shown, and are gone with it.
func TestBrowserHover(t *testing.T) {
	b := startBrowser(t)
	b.show(1200, "light")
	name := writePage(t, exampleRun(t))
	b.open(name)
	move := func(to string) {
		t.Helper()
		var at struct{ X, Y float64 }
		b.decode([]byte(b.eval("{const r = document.querySelector('"+to+"').getBoundingClientRect();"+
			"JSON.stringify({x: r.left + r.width / 2, y: r.top + r.height / 2})}")), &at)
		b.call("Input.dispatchMouseEvent", map[string]any{"type": "mouseMoved", "x": at.X, "y": at.Y})
	}
	tip := "document.querySelector('#throughput .tip')"
	move("#throughput svg[role=img]")
	if got := b.eval(tip + ".textContent"); b.eval(tip+".hidden") != "false" || !strings.HasPrefix(got, "+59.") &&
		!strings.HasPrefix(got, "+1 min") || !strings.Contains(got, "succeeded") {
		t.Errorf("in the middle the values are %q", got)
	}
	move("h1")
	if b.eval(tip+".hidden") != "true" {
		t.Error("they stay")
	}
	b.checkQuiet(name)
}

// contrast is a function that returns the least contrast (WCAG 2.2) of the texts of elements and what they stand on.
const contrast = `(selector => {
	const rgb = (text) => text.match(/[\d.]+/g).map(Number);
	const light = (c) => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => { for (; e; e = e.parentElement) {
		const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } };
	return Math.min(...[...document.querySelectorAll(selector)].map(e => {
		const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
		return (a + 0.05) / (b + 0.05); }));
})("p, dt, dd, small, td, th, a, h1, h2, summary, .kind, .x span, .y span, li")`

// TestBrowserWidths: at the width of a telephone and of a screen, dark and light, nothing is wider than the window, and
// all text can be read.
func TestBrowserWidths(t *testing.T) {
	b := startBrowser(t)
	live, files := writePage(t, exampleRun(t)), writePage(t, exampleFiles(t))
	backs := make(map[string]bool)
	for _, name := range []string{live, files} {
		kind := map[string]string{live: "live", files: "files"}[name]
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int{400, 1200} {
				b.show(width, scheme)
				b.open(name)
				if got := b.eval("document.documentElement.scrollWidth"); got != fmt.Sprint(width) {
					t.Errorf("%s: the page is %s wide in a window of %d", kind, got, width)
				}
				if got := b.eval(contrast + " >= 4.5"); got != "true" {
					t.Errorf("%s, %s: the least contrast is %s", kind, scheme, b.eval(contrast))
				}
				if got := b.eval("[...document.querySelectorAll('.plot > svg')].every(s => s.getBoundingClientRect().width > " +
					"innerWidth / 2)"); got != "true" {
					t.Errorf("%s: charts are narrow at %d", kind, width)
				}
				backs[scheme+b.eval("getComputedStyle(document.body).backgroundColor")] = true
				b.screenshot(fmt.Sprintf("%s-%s-%d", kind, scheme, width))
				b.checkQuiet(name)
			}
		}
	}
	if len(backs) != 2 || !backs["lightrgb(255, 255, 255)"] {
		t.Errorf("the backgrounds are %v", backs)
	}
}
