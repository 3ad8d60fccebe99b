package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// runnerTexts are texts that a CI runner or a terminal obeys, and some like them, with how they stand in a line of JSON
// and in one of text.
var runnerTexts = []struct{ text, json, plain string }{
	{"##[error]x", `#\u0023[error]x`, "# #[error]x"},
	{"a ##[group]", `a #\u0023[group]`, "a # #[group]"},
	{"##vso[task.setvariable variable=a]b", `#\u0023vso[task.setvariable variable=a]b`,
		"# #vso[task.setvariable variable=a]b"},
	{"##VSO[task]", `#\u0023VSO[task]`, "# #VSO[task]"},
	{"##teamcity[x]", `#\u0023teamcity[x]`, "# #teamcity[x]"},
	{"###[c]", `##\u0023[c]`, "## #[c]"},
	{"####vso[c]", `###\u0023vso[c]`, "### #vso[c]"},
	{"##[a]##[b]", `#\u0023[a]#\u0023[b]`, "# #[a]# #[b]"},
	{"#\u202e#[a]", `#\u202e#[a]`, "#\ufffd#[a]"},
	{"\u202a\u202b\u202c\u202d\u202e", `\u202a\u202b\u202c\u202d\u202e`, "\ufffd\ufffd\ufffd\ufffd\ufffd"},
	{"\u2066\u2067\u2068\u2069", `\u2066\u2067\u2068\u2069`, "\ufffd\ufffd\ufffd\ufffd"},

	{"## Heading", "## Heading", "## Heading"},
	{"#[a] # #[b] ##", "#[a] # #[b] ##", "#[a] # #[b] ##"},
	{"##########", "##########", "##########"},
	{"##-##1 ##\u00e9", "##-##1 ##\u00e9", "##-##1 ##\u00e9"},
	{"::set-output name=a::b", "::set-output name=a::b", "::set-output name=a::b"},
	{"\u200e\u200f\u061c", "\u200e\u200f\u061c", "\ufffd\ufffd\ufffd"},
	{"\u2027\u202f\u2065\u206a", "\u2027\u202f\u2065\u206a", "\u2027\u202f\u2065\u206a"},
}

// TestNothingForARunner: no line has what a CI runner or a terminal obeys, wherever the text came from, and reads back
// as it was.
func TestNothingForARunner(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	for _, tt := range runnerTexts {
		t.Run(tt.text, func(t *testing.T) {
			value, err := json.Marshal(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			bare := strings.NewReplacer(`\u2028`, "\u2028").Replace(string(value))
			r := encodetest.Success("application/json", `[`+bare+`]`)
			r.Request.URL, r.Request.Meta, r.Request.Body = "http://a.test/"+tt.text, json.RawMessage(bare), []byte(tt.text)
			page := encodetest.Success("text/plain", tt.text)
			failed := encodetest.Failure(failure.Protocol, tt.text)
			for name, at := range map[string]struct {
				line []byte
				want string
			}{
				"a JSON body":        {AppendRecord([]byte("##["), r, Layout{Body: BodyAuto})[3:], `"body":["` + tt.json + `"]`},
				"a URL":              {AppendRecord(nil, r, Layout{Body: BodyAuto}), `"url":"http://a.test/` + tt.json + `"`},
				"meta":               {AppendRecord(nil, r, Layout{Body: BodyAuto}), `"meta":"` + tt.json + `"`},
				"a request's body":   {AppendRecord(nil, r, Layout{Body: BodyAuto}), `"body":"` + tt.json + `"`},
				"a text body":        {AppendRecord(nil, page, Layout{Body: BodyAuto}), `"body":"` + tt.json + `"`},
				"a failure":          {AppendRecord(nil, failed, Layout{Body: BodyAuto}), `"message":"` + tt.json + `"`},
				"a log line":         {logLine(tt.text), `"message":"` + tt.json + `"`},
				"a log line's value": {logLine(tt.text), `"from":"` + tt.json + `"`},
			} {
				encodetest.Members(t, schema, at.line)
				if !bytes.Contains(at.line, []byte(at.want)) {
					t.Errorf("%s: %s stands not in %s", name, at.want, at.line)
				}
			}
			var back string
			if err := json.Unmarshal([]byte(`"`+tt.json+`"`), &back); err != nil || back != tt.text {
				t.Errorf("reads back as %q, %v", back, err)
			}
			if got := Printable(tt.text); got != tt.plain {
				t.Errorf("on a terminal it is %q, want %q", got, tt.plain)
			}
		})
	}
}

// logLine returns a line of the log with text in its message and in an attribute.
func logLine(text string) []byte {
	r := slog.NewRecord(encodetest.StartedAt, slog.LevelWarn, text, 0)
	return AppendLog(nil, &r, []slog.Attr{slog.String("from", text)})
}

// TestNothingForARunnerInPieces: the line of a body in a temporary file is that of one in memory, wherever a piece
// ends.
func TestNothingForARunnerInPieces(t *testing.T) {
	for _, contentType := range []string{"text/plain", "application/json", "image/png"} {
		for _, signs := range []string{"##[x]", "###vso[x]", "######", "## x"} {
			for pad := len(pieceBuffers{}.in) - 8; pad <= len(pieceBuffers{}.in)+1; pad++ {
				body := fmt.Sprintf(`["%s%s%[1]s%s"]`, strings.Repeat("a", pad), signs)
				if pad%2 == 0 {
					body = body[1:] // no JSON: it is written as text after all
				}
				r := encodetest.Success(contentType, body)
				want := AppendRecord(nil, r, Layout{Body: BodyAuto})
				spooled := encodetest.Spooled(t, r)
				line, err := SpoolRecord(spooled, Layout{Body: BodyAuto})
				if err != nil {
					t.Fatal(err)
				}
				var got bytes.Buffer
				_, err = line.WriteTo(&got)
				if err != nil || !bytes.Equal(got.Bytes(), want) {
					t.Errorf("%s, %s behind %d bytes: the lines differ, %v", contentType, signs, pad, err)
				}
				encodetest.CheckLine(t, got.Bytes())
				_ = line.Close()
				spooled.ReleaseBody()
			}
		}
	}
}
