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
	"batchfetch/output/encode"
)

// A NameTemplate makes the name of a saved body, with / between folders. The zero NameTemplate is the default:
// HOST/PATH with the slashes of the path as ~, and a short hash wherever that alone would not tell two URLs apart.
type NameTemplate struct{ parts []namePart }

// IsGiven reports whether this is more than the default.
func (t NameTemplate) IsGiven() bool { return t.parts != nil }

type namePart struct {
	literal string
	field   string // empty for a literal
}

// TemplateFields are what a template may hold between braces.
var TemplateFields = []string{"host", "path", "base", "ext", "index", "id", "sha256"}

// ParseNameTemplate reads a template such as "{host}/{index}{ext}".
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

// usesSum reports whether the name is known only once the body is.
func (t NameTemplate) usesSum() bool {
	for _, part := range t.parts {
		if part.field == "sha256" {
			return true
		}
	}
	return false
}

// name returns the name for the body of r; sum is its hash in hex. The name is safe: see checkName.
func (t NameTemplate) name(r *fetch.Request, sum string) (string, error) {
	if r.Path != "" { // the input's own word wins, and is taken literally or not at all
		return r.Path, checkName(r.Path)
	}
	u, err := fetch.ParseURL(r.URL)
	if err != nil {
		return "", err
	}
	if t.parts == nil {
		return defaultName(r, u), nil
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
	return name, checkName(name)
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
	case "id":
		return withoutSlashes(idAsText(r.ID))
	}
	return sum
}

// withoutSlashes keeps a value from making folders.
func withoutSlashes(text string) string { return strings.ReplaceAll(text, "/", "_") }

func idAsText(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return text
	}
	return string(id)
}

// defaultName is readable, and different for every different request: where the readable part lost something,
// a hash of what is asked follows.
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

// requestHash is 64 bits of a hash of what a Request asks; the same in every run.
func requestHash(r *fetch.Request) string {
	sum := sha256.Sum256(r.AppendAsked(nil))
	return hex.EncodeToString(sum[:8])
}
