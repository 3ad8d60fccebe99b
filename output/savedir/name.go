package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/httpurl"
	"batchfetch/output/encode"
)

// NameTemplate makes names of saved bodies, with / between folders. The zero NameTemplate is the default: HOST/PATH
// with ~ for the slashes of the path, and a short hash where that could be the name of another URL too.
type NameTemplate struct{ parts []namePart }

// IsGiven reports whether it is not the default.
func (t NameTemplate) IsGiven() bool { return t.parts != nil }

type namePart struct {
	literal string
	field   string // empty in a literal
}

// TemplateFields are the fields that a template may have in braces.
var TemplateFields = []string{"host", "path", "base", "ext", "index", "id", "page", "sha256"}

// ParseNameTemplate parses a template such as "{host}/{index}{ext}".
func ParseNameTemplate(text string) (NameTemplate, error) {
	var t NameTemplate
	for text != "" {
		open := strings.IndexAny(text, "{}")
		if open < 0 {
			open = len(text)
		}
		if open > 0 {
			t.parts = append(t.parts, namePart{literal: text[:open]})
		}
		if text = text[open:]; text == "" {
			break
		}
		end := strings.IndexByte(text, '}')
		if text[0] == '}' || end < 0 {
			return t, errors.New("a brace without its partner")
		}
		field := text[1:end]
		if !isField(field) {
			return t, fmt.Errorf("{%s} is none of {%s}", encode.Printable(field), strings.Join(TemplateFields, "} {"))
		}
		t.parts = append(t.parts, namePart{field: field})
		text = text[end+1:]
	}
	if len(t.parts) > 0 && strings.HasPrefix(t.parts[0].literal, "/") {
		return t, errors.New("a name is below the directory: no / in front")
	}
	for _, part := range t.parts {
		if part.literal != "" && checkName("x"+part.literal+"x") != nil {
			return t, fmt.Errorf("%q can't be part of a file name", encode.Printable(part.literal))
		}
	}
	return t, nil
}

func isField(field string) bool {
	for _, known := range TemplateFields {
		if field == known {
			return true
		}
	}
	return false
}

// usesSum reports whether the name contains the hash of the body, and so is known only at its end.
func (t NameTemplate) usesSum() bool {
	return t.has("sha256")
}

// has reports whether a field is in the template.
func (t NameTemplate) has(field string) bool {
	for _, part := range t.parts {
		if part.field == field {
			return true
		}
	}
	return false
}

// name returns the name for the body of r, whose hash in hex is sum. It passes checkName.
func (t NameTemplate) name(r *fetch.Request, sum string) (string, error) {
	if r.Path != "" { // a path in the input is taken as it is
		name := withPage(r.Path, r.Page)
		return name, checkName(name)
	}
	u, err := httpurl.Parse(r.URL)
	if err != nil {
		return "", err
	}
	if t.parts == nil {
		return withPage(defaultName(r, u), r.Page), nil
	}
	var text strings.Builder
	for _, part := range t.parts {
		if part.field == "" {
			text.WriteString(part.literal)
			continue
		}
		text.WriteString(expandField(part.field, r, u, sum))
	}
	segments := strings.Split(text.String(), "/")
	kept := segments[:0]
	for _, segment := range segments {
		if segment != "" {
			kept = append(kept, sanitizeSegment(segment))
		}
	}
	name := strings.Join(kept, "/")
	if !t.has("page") && !t.usesSum() {
		name = withPage(name, r.Page)
	}
	return name, checkName(name)
}

// withPage returns a name with the number of a page other than the first before its extension: a-page2.json.
func withPage(name string, page int64) string {
	if page <= 1 {
		return name
	}
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "-page" + strconv.FormatInt(page, 10) + ext
}

func expandField(field string, r *fetch.Request, u *url.URL, sum string) string {
	file := path.Base(u.Path)
	if file == "/" || file == "." {
		file = "index"
	}
	switch field {
	case "host":
		return withoutSlashes(strings.ToLower(u.Host))
	case "path":
		return strings.Trim(u.Path, "/")
	case "base":
		return withoutSlashes(strings.TrimSuffix(file, path.Ext(file)))
	case "ext":
		return withoutSlashes(path.Ext(file))
	case "index":
		return strconv.FormatInt(r.Index, 10)
	case "page":
		return strconv.FormatInt(max(r.Page, 1), 10)
	case "id":
		return withoutSlashes(idAsText(r.ID))
	}
	return sum
}

// withoutSlashes replaces slashes, so that a value makes no folders.
func withoutSlashes(text string) string { return strings.ReplaceAll(text, "/", "_") }

func idAsText(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return text
	}
	return string(id)
}

// defaultName returns a readable name that differs for every different request: where the readable part has lost
// something of the request, a hash of it follows.
func defaultName(r *fetch.Request, u *url.URL) string {
	host := sanitizeSegment(strings.ToLower(u.Host))
	raw := strings.TrimPrefix(u.EscapedPath(), "/")
	file := strings.ReplaceAll(strings.TrimPrefix(u.Path, "/"), "/", "~")
	plain := raw == strings.ReplaceAll(file, "~", "/") && !strings.Contains(raw, "~")
	if file == "" {
		file = "index"
		plain = plain && raw == ""
	} else if file == "index" {
		plain = false
	}
	safe := sanitizeSegment(file)
	if plain && safe == file && u.Scheme == "https" && host == u.Host && u.RawQuery == "" && !u.ForceQuery &&
		u.Fragment == "" && u.User == nil && r.Method == "" && r.Body == nil && len(r.Header) == 0 {
		return host + "/" + safe
	}
	ext := path.Ext(safe)
	if len(ext) > 10 || ext == safe {
		ext = ""
	}
	stem := strings.TrimSuffix(safe, ext)
	return host + "/" + truncate(stem, maxSegment-24) + "~" + requestHash(r) + ext
}

// requestHash returns 64 bits of a hash of a Request in hex; it is the same in every run.
func requestHash(r *fetch.Request) string {
	sum := sha256.Sum256(r.AppendCanonical(nil))
	return hex.EncodeToString(sum[:8])
}
