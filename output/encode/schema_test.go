package encode

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

func TestSchemaCompiles(t *testing.T) { encodetest.CompileSchema(t, Schema()) }

// The schema refuses lines that are wrong.
func TestSchemaRefuses(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	success := `{"type":"success","index":0,"url":"http://a/","status":200,"protocol":"HTTP/1.1",` +
		`"bytes":0,"wire_bytes":0,"attempts":1,"started_at":"2026-01-02T03:04:05.678Z","elapsed_ms":1}`
	failure := `{"type":"failure","index":0,"url":"http://a/","error":{"kind":"dns","message":"no address"},` +
		`"attempts":1}`
	for _, good := range []string{success, failure} {
		if err := encodetest.Validate(schema, good); err != nil {
			t.Fatalf("%s: %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"no type":                    `{"index":0}`,
		"a type of its own":          strings.Replace(success, "success", "maybe", 1),
		"a member nobody knows":      strings.Replace(success, `"index"`, `"extra":1,"index"`, 1),
		"a success without a status": strings.Replace(success, `"status":200,`, ``, 1),
		"a negative index":           strings.Replace(success, `"index":0`, `"index":-1`, 1),
		"a time that is none":        strings.Replace(success, "2026-01-02T03:04:05.678Z", "yesterday", 1),
		"a body without encoding":    strings.Replace(success, `"attempts"`, `"body":"x","attempts"`, 1),
		"text that is no string": strings.Replace(success, `"attempts"`,
			`"body":{},"body_encoding":"text","attempts"`, 1),
		"a short hash":        strings.Replace(success, `"attempts"`, `"sha256":"abc","attempts"`, 1),
		"an object as id":     strings.Replace(success, `"url"`, `"id":{},"url"`, 1),
		"0 redirects":         strings.Replace(success, `"attempts"`, `"redirects":0,"attempts"`, 1),
		"a kind nobody knows": strings.Replace(failure, "dns", "bad_luck", 1),
		"an empty message":    strings.Replace(failure, "no address", "", 1),
		"a failure with a body": strings.Replace(failure, `"attempts"`,
			`"body":"x","body_encoding":"text","attempts"`, 1),
	} {
		if encodetest.Validate(schema, bad) == nil {
			t.Errorf("%s passes: %s", name, bad)
		}
	}
}

// The enumerations of the schema are those of the code.
func TestSchemaListsWhatTheCodeSays(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	enum := func(path ...string) []string {
		at := doc
		for _, name := range append([]string{"$defs"}, path...) {
			at = at.(map[string]any)[name]
		}
		var words []string
		for _, word := range at.([]any) {
			words = append(words, word.(string))
		}
		return words
	}
	var kinds []string
	for _, kind := range failure.Kinds() {
		kinds = append(kinds, string(kind))
	}
	if got := enum("failure", "properties", "error", "properties", "kind", "enum"); !slices.Equal(got, kinds) {
		t.Errorf("error.kind is %q, want %q", got, kinds)
	}
	if got := enum("summary", "properties", "by_kind", "propertyNames", "enum"); !slices.Equal(got, kinds) {
		t.Errorf("by_kind has %q, want %q", got, kinds)
	}
	limits := []string{"concurrency", "host-concurrency", "rate", "host-rate", "bandwidth", "paused-hosts", "quota",
		"network", "input", "output", "dns", "cache"}
	if got := enum("summary", "properties", "limited_by", "enum"); !slices.Equal(got, limits) {
		t.Errorf("limited_by is %q, want %q", got, limits)
	}
}
