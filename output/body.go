package output

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"batchfetch/fetch"
)

// BodyMode says how bodies stand in Records.
type BodyMode string

// The ways of a body. BodyAuto embeds JSON as a value, writes text as a string and anything else as base64.
const (
	BodyAuto   BodyMode = "auto"
	BodyText   BodyMode = "text"
	BodyBase64 BodyMode = "base64"
	BodyNone   BodyMode = "none"
)

// appendBody appends the body and body_encoding members.
func appendBody(dst []byte, r *fetch.Record, mode BodyMode) []byte {
	if !r.HasBody || mode == BodyNone {
		return dst
	}
	dst = append(dst, `,"body":`...)
	if len(r.Body) == 0 {
		return append(dst, `"","body_encoding":"text"`...)
	}
	if mode == BodyBase64 {
		return appendBase64(dst, r.Body)
	}
	kind, charset := mediaType(r.ContentType)
	if mode == BodyText {
		return appendText(dst, toUTF8(r.Body, charset))
	}
	if isJSON(kind) {
		return appendJSONBody(dst, r.Body, charset)
	}
	if isText(kind) {
		if text := toUTF8(r.Body, charset); utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 {
			return appendText(dst, text)
		}
	}
	return appendBase64(dst, r.Body)
}

// appendJSONBody embeds a JSON body; one that is not valid is text, one that is not even UTF-8 base64.
func appendJSONBody(dst []byte, body []byte, charset string) []byte {
	text := bytes.TrimPrefix(toUTF8(body, charset), []byte("\uFEFF")) // RFC 8259 section 8.1 lets a reader ignore it
	if !utf8.Valid(text) {
		return appendBase64(dst, body)
	}
	if embedded, ok := appendValue(dst, text); ok {
		return append(embedded, `,"body_encoding":"json"`...)
	}
	return appendText(dst, text)
}

// deepest is how far an embedded value may nest: encoding/json and jq 1.7 read 10000 levels, the Record's own among them.
const deepest = 9990

// appendValue appends a JSON text on one line, its numbers untouched, or reports that it is not valid.
func appendValue(dst, text []byte) ([]byte, bool) {
	if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > deepest && depth(text) > deepest {
		return dst, false
	}
	line := bytes.NewBuffer(dst)
	if json.Compact(line, text) != nil {
		return dst, false
	}
	whole := line.Bytes()
	return escapeTail(whole, len(dst)), true
}

// depth returns how deep the brackets of text nest; those in strings count too, which errs on the safe side.
func depth(text []byte) int {
	level, most := 0, 0
	for _, c := range text {
		switch c {
		case '[', '{':
			level++
			most = max(most, level)
		case ']', '}':
			level--
		}
	}
	return most
}

// escapeTail escapes in whole[from:], which is valid JSON, the characters that appendString escapes.
// They can only stand in strings there.
func escapeTail(whole []byte, from int) []byte {
	tail := whole[from:]
	if bytes.IndexByte(tail, 0x7f) < 0 && bytes.IndexByte(tail, 0xc2) < 0 && bytes.IndexByte(tail, 0xe2) < 0 {
		return whole
	}
	source := bytes.Clone(tail)
	whole = whole[:from]
	for i := 0; i < len(source); {
		r, size := rune(source[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(source[i:])
		}
		if r == 0x7f || r >= utf8.RuneSelf && strangeRune(r, size) {
			whole = appendUnicode(whole, r)
		} else {
			whole = append(whole, source[i:i+size]...)
		}
		i += size
	}
	return whole
}

func appendText(dst, text []byte) []byte {
	return append(appendString(dst, text), `,"body_encoding":"text"`...)
}

func appendBase64(dst, body []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, body)
	return append(dst, `","body_encoding":"base64"`...)
}

// mediaType returns the type and the declared charset of a Content-Type, both in lower case.
func mediaType(contentType string) (kind, charset string) {
	if contentType == "application/json" { // by far the most frequent; BenchmarkEncode: 400 ns less
		return contentType, ""
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		return strings.ToLower(strings.TrimSpace(kind)), ""
	}
	return kind, strings.ToLower(parameters["charset"])
}

func isJSON(kind string) bool {
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// isText says which types are text by their name; no type at all is taken for text where the bytes agree.
func isText(kind string) bool {
	switch kind {
	case "", "application/xml", "application/javascript", "application/ecmascript", "application/x-javascript",
		"application/x-www-form-urlencoded", "application/x-ndjson", "application/jsonl", "application/json-seq",
		"application/yaml", "application/x-yaml", "application/toml", "application/sql", "application/graphql",
		"application/x-sh", "application/rtf", "application/x-pem-file", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") || strings.HasSuffix(kind, "+yaml")
}

// toUTF8 transcodes body from its declared charset. A charset nobody knows, or a body not in it, leaves it as it is.
func toUTF8(body []byte, charset string) []byte {
	if charset == "" || charset == "utf-8" || charset == "utf8" || charset == "us-ascii" {
		return body
	}
	encoding, err := htmlindex.Get(charset)
	if err != nil {
		return body
	}
	text, err := encoding.NewDecoder().Bytes(body)
	if err != nil {
		return body
	}
	return text
}
