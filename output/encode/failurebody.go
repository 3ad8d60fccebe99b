package encode

import (
	"bytes"
	"unicode/utf8"

	"batchfetch/fetch"
	"batchfetch/fetch/redact"
)

// failureBody returns the start of the body of a failed response where that is text or JSON, else "".
func failureBody(r *fetch.Record) string {
	if len(r.FailureBody) == 0 {
		return ""
	}
	kind, charset := mediaType(r.ContentType)
	if !isJSON(kind) && !isText(kind) {
		return ""
	}
	charset = effectiveCharset(kind, charset, r.FailureBody)
	for cut := range utf8.UTFMax { // the end may be amid a character
		text, known := toUTF8(r.FailureBody[:max(0, len(r.FailureBody)-cut)], charset)
		if !known || !utf8.Valid(text) {
			continue
		}
		if bytes.IndexByte(text, 0) >= 0 {
			break
		}
		return redact.URLs(string(text))
	}
	return ""
}
