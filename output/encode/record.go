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
// known are left out, or null with AllMembers, and secrets are masked.
func AppendRecord(dst []byte, r *fetch.Record, layout Layout) []byte {
	start := len(dst)
	dst = layout.appendBeforeBody(dst, r)
	if r.Failure == nil && r.HasBody && layout.Body != BodyNone {
		dst = appendBody(dst, r, layout.Body)
	} else {
		dst = layout.appendAbsent(dst, "body", "body_encoding")
	}
	return escapeCommands(layout.appendAfterBody(dst, r), start)
}

// appendBeforeBody appends the members before the body.
func (l Layout) appendBeforeBody(dst []byte, r *fetch.Record) []byte {
	kind := "success"
	if r.Failure != nil {
		kind = "failure"
	}
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","index":`...)
	dst = strconv.AppendInt(dst, r.Request.Index, 10)
	dst = l.appendOptional(dst, "entry", r.Request.Entry)
	dst = l.appendRaw(dst, "id", r.Request.ID)
	dst = l.appendCount(dst, "page", r.Request.Page)
	dst = l.appendOptional(dst, "url", redact.URL(r.Request.URL))
	dst = l.appendOptional(dst, "final_url", r.FinalURL)
	if r.Next != nil && r.Failure == nil {
		dst = appendOptional(dst, "next", redact.URL(r.Next.URL))
	} else {
		dst = l.appendAbsent(dst, "next")
	}
	dst = l.appendCount(dst, "status", int64(r.Status))
	dst = l.appendResponse(dst, r)
	if r.Failure != nil {
		return l.appendAbsent(l.appendFailure(dst, r), "path")
	}
	return l.appendOptional(l.appendAbsent(dst, "error", "response_body", "file", "line", "input"), "path", r.Path)
}

// appendAfterBody appends the members after the body.
func (l Layout) appendAfterBody(dst []byte, r *fetch.Record) []byte {
	dst = append(dst, `,"attempts":`...)
	dst = strconv.AppendInt(dst, int64(r.Attempts), 10)
	dst = l.appendCount(dst, "redirects", int64(r.Redirects))
	if !r.StartedAt.IsZero() {
		dst = appendTime(append(dst, `,"started_at":`...), r.StartedAt)
		dst = appendMillis(append(dst, `,"elapsed_ms":`...), r.Elapsed)
	} else {
		dst = l.appendAbsent(dst, "started_at", "elapsed_ms")
	}
	dst = l.appendOptional(dst, "remote_addr", r.RemoteAddr)
	if r.Failure == nil {
		dst = l.appendOptional(dst, "cache", string(r.Cache))
	} else {
		dst = l.appendAbsent(dst, "cache")
	}
	dst = l.appendTiming(dst, r.Timing)
	dst = l.appendHeaders(dst, r.Header)
	if len(r.Input) == 0 && r.Request.HasMoreThanURL() { // a line that can't be parsed may hold secrets anywhere
		dst = l.appendRequest(dst, &r.Request)
	} else {
		dst = l.appendAbsent(dst, "request")
	}
	dst = l.appendRaw(dst, "meta", r.Request.Meta)
	return append(dst, '}', '\n')
}

// appendResponse appends what is known of the response except its body.
func (l Layout) appendResponse(dst []byte, r *fetch.Record) []byte {
	dst = l.appendOptional(dst, "protocol", r.Protocol)
	dst = l.appendOptional(dst, "content_type", r.ContentType)
	dst = l.appendOptional(dst, "content_encoding", r.ContentEncoding)
	if r.Failure == nil || r.WireBytes > 0 {
		dst = strconv.AppendInt(append(dst, `,"bytes":`...), r.Bytes, 10)
		dst = strconv.AppendInt(append(dst, `,"wire_bytes":`...), r.WireBytes, 10)
		dst = l.appendCount(dst, "resumed_from", r.ResumedFrom)
	} else {
		dst = l.appendAbsent(dst, "bytes", "wire_bytes", "resumed_from")
	}
	if !r.Hashed {
		return l.appendAbsent(dst, "sha256")
	}
	dst = append(dst, `,"sha256":"`...)
	for _, b := range r.SHA256 {
		dst = append(dst, hexDigits[b>>4], hexDigits[b&0xf])
	}
	return append(dst, '"')
}

func (l Layout) appendFailure(dst []byte, r *fetch.Record) []byte {
	dst = append(dst, `,"error":{"kind":"`...)
	dst = append(dst, r.Failure.Kind...)
	dst = appendString(append(dst, `","message":`...), r.Failure.Error())
	if r.Failure.RetryAfter > 0 {
		dst = appendMillis(append(dst, `,"retry_after_ms":`...), r.Failure.RetryAfter)
	} else {
		dst = l.appendAbsent(dst, "retry_after_ms")
	}
	dst = append(dst, '}')
	dst = l.appendOptional(dst, "response_body", failureBody(r))
	if r.Failure.Kind != failure.InvalidRequest {
		return l.appendAbsent(dst, "file", "line", "input")
	}
	dst = l.appendOptional(dst, "file", r.Request.File)
	dst = l.appendCount(dst, "line", r.Request.Line)
	return l.appendOptional(dst, "input", string(r.Input))
}

func (l Layout) appendTiming(dst []byte, t *fetch.Timing) []byte {
	if t == nil {
		return l.appendAbsent(dst, "timing")
	}
	dst = append(dst, `,"timing":{"attempt":`...)
	dst = strconv.AppendInt(dst, int64(t.Attempt), 10)
	if t.Connected {
		dst = strconv.AppendBool(append(dst, `,"reused":`...), t.Reused)
	} else {
		dst = l.appendAbsent(dst, "reused")
	}
	for _, step := range t.AllSteps() {
		if step.Took < 0 {
			dst = l.appendAbsent(dst, step.Name)
			continue
		}
		dst = appendMillis(appendName(dst, step.Name), step.Took)
	}
	return append(dst, '}')
}

// appendHeaders appends the header as lower-case names with arrays of values.
func (l Layout) appendHeaders(dst []byte, h http.Header) []byte {
	if h == nil {
		return l.appendAbsent(dst, "headers")
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

// appendRequest appends a request that is more than its URL, so that the line can be used as input again.
func (l Layout) appendRequest(dst []byte, r *fetch.Request) []byte {
	dst = appendString(append(dst, `,"request":{"url":`...), redact.URL(r.URL))
	dst = l.appendOptional(dst, "method", r.Method)
	if len(r.Header) > 0 {
		dst = appendHeaderMap(append(dst, `,"headers":`...), r.Header, maskRequestHeader)
	} else {
		dst = l.appendAbsent(dst, "headers")
	}
	dst = l.appendRequestBody(dst, r)
	dst = l.appendOptional(dst, "sha256", r.SHA256)
	dst = l.appendOptional(dst, "path", r.Path)
	if r.Retry != nil {
		dst = strconv.AppendBool(append(dst, `,"retry":`...), *r.Retry)
	} else {
		dst = l.appendAbsent(dst, "retry")
	}
	credentials, private := "", ""
	if r.OmitCredentials {
		credentials = "omit"
	}
	if r.PublicOnly {
		private = "deny"
	}
	dst = l.appendOptional(l.appendOptional(dst, "credentials", credentials), "private", private)
	dst = l.appendPageParams(dst, r.PageParams)
	return append(l.appendSettings(dst, r.Settings), '}')
}

// appendPageParams appends the names of the parameters that are of the page before.
func (l Layout) appendPageParams(dst []byte, names []string) []byte {
	if len(names) == 0 {
		return l.appendAbsent(dst, "page_params")
	}
	dst = append(dst, `,"page_params":[`...)
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
	}
	return append(dst, ']')
}

// appendSettings appends the settings of a request, in the form that an input line has them in.
func (l Layout) appendSettings(dst []byte, s *fetch.RequestSettings) []byte {
	if s == nil {
		return l.appendAbsent(dst, "timeout", "accept_status", "max_body", "proxy")
	}
	timeout, status, maxBody := "", "", int64(0)
	if s.Timeout != nil {
		timeout = s.Timeout.String()
	}
	if s.AcceptStatus != nil {
		status = s.AcceptStatus.String()
	}
	if s.MaxBody != nil {
		maxBody = *s.MaxBody
	}
	dst = l.appendOptional(l.appendOptional(dst, "timeout", timeout), "accept_status", status)
	dst = l.appendCount(dst, "max_body", maxBody)
	if s.Proxy == nil {
		return l.appendAbsent(dst, "proxy")
	}
	return appendString(appendName(dst, "proxy"), redact.Proxy(*s.Proxy)) // "" is no proxy
}

func (l Layout) appendRequestBody(dst []byte, r *fetch.Request) []byte {
	switch {
	case r.Body == nil:
		return l.appendAbsent(dst, "body", "body_base64")
	case r.BodyForm == fetch.BodyBase64:
		dst = append(l.appendAbsent(dst, "body"), `,"body_base64":"`...)
		return append(base64.StdEncoding.AppendEncode(dst, r.Body), '"')
	case r.BodyForm == fetch.BodyJSON:
		dst = append(dst, `,"body":`...)
		dst = escapeTail(append(dst, r.Body...), len(dst)) // a Source has put it on one line
	default:
		dst = appendString(append(dst, `,"body":`...), r.Body)
	}
	return l.appendAbsent(dst, "body_base64")
}
