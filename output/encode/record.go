package encode

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/redact"
)

// AppendRecord appends r as one line: a JSON object without line breaks, and a newline. Members whose value is not
// known are left out, and secrets are masked.
func AppendRecord(dst []byte, r *fetch.Record, mode BodyMode) []byte {
	start := len(dst)
	dst = appendBeforeBody(dst, r)
	if r.Failure == nil {
		dst = appendBody(dst, r, mode)
	}
	return escapeCommands(appendAfterBody(dst, r), start)
}

// appendBeforeBody appends the members before the body.
func appendBeforeBody(dst []byte, r *fetch.Record) []byte {
	kind := "success"
	if r.Failure != nil {
		kind = "failure"
	}
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","index":`...)
	dst = strconv.AppendInt(dst, r.Request.Index, 10)
	dst = appendRaw(dst, "id", r.Request.ID)
	dst = appendCount(dst, "page", r.Request.Page)
	dst = appendOptional(dst, "url", redact.URL(r.Request.URL))
	dst = appendOptional(dst, "final_url", r.FinalURL)
	if r.Next != nil && r.Failure == nil {
		dst = appendOptional(dst, "next", redact.URL(r.Next.URL))
	}
	dst = appendCount(dst, "status", int64(r.Status))
	dst = appendResponse(dst, r)
	if r.Failure != nil {
		return appendFailure(dst, r)
	}
	return appendOptional(dst, "path", r.Path)
}

// appendAfterBody appends the members after the body.
func appendAfterBody(dst []byte, r *fetch.Record) []byte {
	dst = append(dst, `,"attempts":`...)
	dst = strconv.AppendInt(dst, int64(r.Attempts), 10)
	dst = appendCount(dst, "redirects", int64(r.Redirects))
	if !r.StartedAt.IsZero() {
		dst = appendTime(append(dst, `,"started_at":`...), r.StartedAt)
		dst = appendMillis(append(dst, `,"elapsed_ms":`...), r.Elapsed)
	}
	dst = appendOptional(dst, "remote_addr", r.RemoteAddr)
	if r.Failure == nil {
		dst = appendOptional(dst, "cache", string(r.Cache))
	}
	dst = appendTiming(dst, r.Timing)
	dst = appendHeaders(dst, r.Header)
	if len(r.Input) == 0 { // a line that could not be parsed may hold secrets anywhere
		dst = appendRequest(dst, &r.Request)
	}
	dst = appendRaw(dst, "meta", r.Request.Meta)
	return append(dst, '}', '\n')
}

// appendResponse appends what is known of the response except its body.
func appendResponse(dst []byte, r *fetch.Record) []byte {
	dst = appendOptional(dst, "protocol", r.Protocol)
	dst = appendOptional(dst, "content_type", r.ContentType)
	dst = appendOptional(dst, "content_encoding", r.ContentEncoding)
	if r.Failure == nil || r.WireBytes > 0 {
		dst = strconv.AppendInt(append(dst, `,"bytes":`...), r.Bytes, 10)
		dst = strconv.AppendInt(append(dst, `,"wire_bytes":`...), r.WireBytes, 10)
		dst = appendCount(dst, "resumed_from", r.ResumedFrom)
	}
	if r.Hashed {
		dst = append(dst, `,"sha256":"`...)
		for _, b := range r.SHA256 {
			dst = append(dst, hexDigits[b>>4], hexDigits[b&0xf])
		}
		dst = append(dst, '"')
	}
	return dst
}

func appendFailure(dst []byte, r *fetch.Record) []byte {
	dst = append(dst, `,"error":{"kind":"`...)
	dst = append(dst, r.Failure.Kind...)
	dst = appendString(append(dst, `","message":`...), r.Failure.Error())
	if r.Failure.RetryAfter > 0 {
		dst = appendMillis(append(dst, `,"retry_after_ms":`...), r.Failure.RetryAfter)
	}
	dst = append(dst, '}')
	dst = appendFailureBody(dst, r)
	if r.Failure.Kind == failure.InvalidRequest {
		dst = appendOptional(dst, "file", r.Request.File)
		dst = appendCount(dst, "line", r.Request.Line)
		if len(r.Input) > 0 {
			dst = appendString(append(dst, `,"input":`...), r.Input)
		}
	}
	return dst
}

func appendTiming(dst []byte, t *fetch.Timing) []byte {
	if t == nil {
		return dst
	}
	dst = append(dst, `,"timing":{"attempt":`...)
	dst = strconv.AppendInt(dst, int64(t.Attempt), 10)
	if t.Connected {
		dst = strconv.AppendBool(append(dst, `,"reused":`...), t.Reused)
	}
	for _, step := range t.Steps() {
		dst = appendMillis(appendName(dst, step.Name), step.Took)
	}
	return append(dst, '}')
}

// appendHeaders appends the header as lower-case names with arrays of values.
func appendHeaders(dst []byte, h http.Header) []byte {
	if h == nil {
		return dst
	}
	return appendHeaderMap(append(dst, `,"headers":`...), h, maskResponseHeader)
}

// maskResponseHeader masks the values of cookies, of headers that only requests carry, which a server may echo, and
// userinfo in URLs.
func maskResponseHeader(name, value string) string {
	switch {
	case name == "Set-Cookie", name == "Set-Cookie2":
		return redact.SetCookie(value)
	case redact.IsSecretResponseHeader(name):
		return redact.Placeholder
	case name == "Location", name == "Content-Location":
		return redact.URL(value)
	}
	return redact.URLs(value)
}

func maskRequestHeader(name, value string) string {
	if redact.IsSecretHeader(name) {
		return redact.Placeholder
	}
	return value
}

func appendHeaderMap(dst []byte, h http.Header, mask func(name, value string) string) []byte {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, strings.ToLower(name)), ':', '[')
		for j, value := range h[name] {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, mask(name, value))
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// appendRequest appends the request where it is more than its URL, so that the line can be used as input again.
func appendRequest(dst []byte, r *fetch.Request) []byte {
	if !r.HasMoreThanURL() {
		return dst
	}
	dst = appendString(append(dst, `,"request":{"url":`...), redact.URL(r.URL))
	dst = appendOptional(dst, "method", r.Method)
	if len(r.Header) > 0 {
		dst = appendHeaderMap(append(dst, `,"headers":`...), r.Header, maskRequestHeader)
	}
	if r.Body != nil {
		dst = appendRequestBody(dst, r)
	}
	dst = appendOptional(dst, "sha256", r.SHA256)
	dst = appendOptional(dst, "path", r.Path)
	if r.Retry != nil {
		dst = strconv.AppendBool(append(dst, `,"retry":`...), *r.Retry)
	}
	if r.OmitCredentials {
		dst = append(dst, `,"credentials":"omit"`...)
	}
	if r.PublicOnly {
		dst = append(dst, `,"private":"deny"`...)
	}
	return append(appendSettings(dst, r.Settings), '}')
}

// appendSettings appends the settings of a request, in the form that an input line has them in.
func appendSettings(dst []byte, s *fetch.RequestSettings) []byte {
	if s == nil {
		return dst
	}
	if s.Timeout != nil {
		dst = appendString(append(dst, `,"timeout":`...), s.Timeout.String())
	}
	if s.AcceptStatus != nil {
		dst = appendString(append(dst, `,"accept_status":`...), s.AcceptStatus.String())
	}
	if s.MaxBody != nil {
		dst = strconv.AppendInt(append(dst, `,"max_body":`...), *s.MaxBody, 10)
	}
	if s.Proxy != nil {
		dst = appendString(append(dst, `,"proxy":`...), redact.Proxy(*s.Proxy))
	}
	return dst
}

func appendRequestBody(dst []byte, r *fetch.Request) []byte {
	switch r.BodyForm {
	case fetch.BodyJSON:
		dst = append(dst, `,"body":`...)
		return escapeTail(append(dst, r.Body...), len(dst)) // a Source has put it on one line
	case fetch.BodyBase64:
		dst = append(dst, `,"body_base64":"`...)
		return append(base64.StdEncoding.AppendEncode(dst, r.Body), '"')
	}
	return appendString(append(dst, `,"body":`...), r.Body)
}
