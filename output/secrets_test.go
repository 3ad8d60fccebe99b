package output_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/input"
	"batchfetch/fetch/redact"
	"batchfetch/output"
	"batchfetch/output/encode/encodetest"
	"batchfetch/output/terminal"
)

// left and right are the two halves of every secret: neither may be in an output, whatever is between them.
const left, right = "Zq7left", "rightX9k"

// secret is a secret as users have them.
type secret struct{ name, text string }

var secrets = []secret{
	{"plain", left + right},
	{"user and word", left + ":" + right},
	{"at", left + "@" + right},
	{"two colons", left + ":a:" + right},
	{"escaped", left + "%40" + right},
	{"percent", left + "%zz" + right},
	{"space", left + ":a " + right},
	{"brackets", left + ":[1]" + right},
	{"umlaut", left + ":ü" + right},
	{"quote", left + `:"` + right},
	{"slash", "ann:" + left + "/" + right},
	{"question mark", "ann:" + left + "?" + right},
	{"hash", "ann:" + left + "#" + right},
	{"backslash", "ann:" + left + `\` + right},
	{"longer than an input is shown", left + ":" + strings.Repeat("a", 300) + right},
}

// carrier is an input line with a secret at SECRET.
type carrier struct{ name, line string }

// inURLs have the secret as userinfo.
var inURLs = []carrier{
	{"plain", "http://SECRET@127.0.0.1:1/x"},
	{"in capitals", "HTTP://SECRET@127.0.0.1:1/x"},
	{"without a path", "http://SECRET@127.0.0.1:1"},
	{"of a foreign scheme", "ftp://SECRET@example.com/x"},
	{"of an impossible port", "http://SECRET@example.com:123456/x"},
	{"of no host", "http://SECRET@/x"},
	{"with a control", "http://SECRET@example.com/\x01"},
	{"without a scheme", "SECRET@example.com/x"},
	{"with a slash too few", "http:/SECRET@example.com/x"},
	{"in a command", "curl http://127.0.0.1:1/ http://SECRET@127.0.0.1:1/"},
	{"in JSON", `{"url":"http://SECRET@127.0.0.1:1/x"}`},
	{"in JSON with more", `{"url":"http://SECRET@127.0.0.1:1/x","method":"PUT","body":"x"}`},
	{"beside a bad method", `{"url":"http://SECRET@127.0.0.1:1/x","method":"P T"}`},
	{"beside a bad header", `{"url":"http://SECRET@127.0.0.1:1/x","headers":{"a b":"c"}}`},
	{"beside a bad hash", `{"url":"http://SECRET@127.0.0.1:1/x","sha256":"abc"}`},
	{"of a foreign scheme in JSON", `{"url":"ftp://SECRET@127.0.0.1:1/x"}`},
	{"in JSON cut short", `{"url":"http://SECRET@127.0.0.1:1/x"`},
	{"with escaped slashes", `{"url":"http:\/\/SECRET@127.0.0.1:1\/x","method":5}`},
	{"of another type", `{"url":["http://SECRET@127.0.0.1:1/x"]}`},
	{"in a Record", `{"type":"failure","url":"http://SECRET@127.0.0.1:1/x","attempts":1}`},
	{"in a Record's request", `{"type":"failure","request":{"url":"http://SECRET@127.0.0.1:1/x","method":5}}`},
}

// inHeaders have the secret in the value of a header.
var inHeaders = []carrier{
	{"Authorization", `{"url":"http://127.0.0.1:1/","headers":{"Authorization":"Bearer SECRET"}}`},
	{"in an array", `{"url":"http://127.0.0.1:1/","headers":{"authorization":["SECRET","b"]}}`},
	{"Proxy-Authorization", `{"url":"http://127.0.0.1:1/","headers":{"PROXY-AUTHORIZATION":"Basic SECRET"}}`},
	{"Cookie", `{"url":"http://127.0.0.1:1/","headers":{"cookie":"s=SECRET; t=1"}}`},
	{"beside a bad method", `{"url":"http://127.0.0.1:1/","headers":{"Cookie":"s=SECRET"},"method":"P T"}`},
	{"cut short", `{"url":"http://127.0.0.1:1/","headers":{"Cookie":"s=SECRET"}`},
	{"of another type", `{"url":"http://127.0.0.1:1/","headers":{"Cookie":{"s":"SECRET"}}}`},
	{"with a line break", `{"url":"http://127.0.0.1:1/","headers":{"Cookie":"SECRET\r\n"}}`},
	{"in a Record", `{"type":"success","request":{"url":"http://127.0.0.1:1/","headers":{"cookie":["SECRET"]}}}`},
	{"after letters that grow in lower case", `{"id":"` + strings.Repeat("Ⱥ", 60) + `","headers":{"Cookie":"SECRET"}}`},
	{"after bytes that are not UTF-8", `{"id":"` + strings.Repeat("\xe9", 60) + `","headers":{"Cookie":"SECRET"}}`},
	{"under an escaped name", `{"url":5,"headers":{"Coo\u006bie":"SECRET"}}`},
	{"under a name with a colon", `{"url":"http://127.0.0.1:1/","headers":{"Authorization:":"Bearer SECRET"}}`},
	{"under a name with a space", `{"url":"http://127.0.0.1:1/","headers":{"Authorization ":"Bearer SECRET"}}`},
	{"as a line", `Authorization: Bearer SECRET`},
	{"in a command", `curl -H 'Cookie: SECRET' http://127.0.0.1:1/`},
}

// No secret is in a Record, however broken the input line is.
func TestSecretsNeverAppear(t *testing.T) {
	for _, secret := range secrets {
		for _, c := range inURLs {
			t.Run("URL "+c.name+"/"+secret.name, func(t *testing.T) { hides(t, c, secret) })
		}
		for _, c := range inHeaders {
			t.Run("header "+c.name+"/"+secret.name, func(t *testing.T) { hides(t, c, secret) })
		}
	}
}

func hides(t *testing.T, c carrier, secret secret) {
	for _, line := range run(t, c.with(secret.text)) {
		encodetest.CheckLine(t, []byte(line))
		noSecret(t, line)
	}
}

// with returns the line with that secret.
func (c carrier) with(text string) string {
	if strings.HasPrefix(c.line, "{") {
		quoted, _ := json.Marshal(text) // of a string it never fails
		text = string(quoted[1 : len(quoted)-1])
	}
	return strings.ReplaceAll(c.line, "SECRET", text)
}

// No secret is in the lines for a terminal, or in the examples of the summary.
func TestSecretsNeverShown(t *testing.T) {
	for _, c := range append(inURLs, inHeaders...) {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			counts := output.NewCounts(terminal.NewFailures(&out, "--failures FILE keeps them all"))
			for request, err := range new(input.Reader).Lines(strings.NewReader(c.with(left+":"+right)), "urls.txt") {
				r := &fetch.Record{Request: request, Failure: &failure.Failure{Kind: failure.Connect,
					Err: errors.New("refused")}}
				var line *fetch.LineError
				if errors.As(err, &line) {
					r.Input, r.Failure = line.Input, &failure.Failure{Kind: failure.InvalidRequest, Err: line.Err}
				}
				counts.Encode(r)
				if err := counts.Put(r); err != nil {
					t.Fatal(err)
				}
			}
			noSecret(t, out.String())
			noSecret(t, fmt.Sprintf("%+v", *counts.Groups()[0]))
		})
	}
}

// A log line has masked URLs, as text and as JSON.
func TestLogTakesWhatItIsGiven(t *testing.T) {
	for _, human := range []bool{true, false} {
		var out strings.Builder
		slog.New(terminal.NewLogHandler(&out, slog.LevelDebug, human)).Info("exchange", "url",
			redact.URL("http://"+left+":"+right+"@a/"))
		noSecret(t, out.String())
		if !strings.Contains(out.String(), "http://***@a/") {
			t.Errorf("the URL is gone: %s", out.String())
		}
	}
}

func noSecret(t *testing.T, text string) {
	t.Helper()
	for _, half := range []string{left, right} {
		if strings.Contains(text, half) {
			t.Errorf("%s stands in %s", half, text)
		}
	}
}
