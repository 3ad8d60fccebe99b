package output

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
	"unicode"
	"unicode/utf8"

	"batchfetch/fetch"
)

// A NameTemplate makes the name of a saved body, with / between folders. The zero NameTemplate is the default:
// HOST/PATH with the slashes of the path as ~, and a short hash wherever that alone would not tell two URLs apart.
type NameTemplate struct{ parts []namePart }

// Given reports whether this is more than the default.
func (t NameTemplate) Given() bool { return t.parts != nil }

type namePart struct {
	literal string
	field   string // empty for a literal
}

// NameFields are what a template may hold between braces.
var NameFields = []string{"host", "path", "base", "ext", "index", "id", "sha256"}

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
		if !knownField(field) {
			return t, fmt.Errorf("{%s} is none of {%s}", Printable(field), strings.Join(NameFields, "} {"))
		}
		t.parts = append(t.parts, namePart{field: field})
		text = text[end+1:]
	}
	if len(t.parts) > 0 && strings.HasPrefix(t.parts[0].literal, "/") {
		return t, errors.New("a name is below the directory: no / in front")
	}
	for _, part := range t.parts {
		if part.literal != "" && checkName("x"+part.literal+"x") != nil {
			return t, fmt.Errorf("%q can't be part of a file name", Printable(part.literal))
		}
	}
	return t, nil
}

func knownField(field string) bool {
	for _, known := range NameFields {
		if field == known {
			return true
		}
	}
	return false
}

// bySum reports whether the name is known only once the body is.
func (t NameTemplate) bySum() bool {
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
		text.WriteString(fieldOf(part.field, r, u, sum))
	}
	segments := strings.Split(text.String(), "/")
	kept := segments[:0]
	for _, segment := range segments {
		if segment != "" {
			kept = append(kept, safeSegment(segment))
		}
	}
	name := strings.Join(kept, "/")
	return name, checkName(name)
}

func fieldOf(field string, r *fetch.Request, u *url.URL, sum string) string {
	file := path.Base(u.Path)
	if file == "/" || file == "." {
		file = "index"
	}
	switch field {
	case "host":
		return oneSegment(strings.ToLower(u.Host))
	case "path":
		return strings.Trim(u.Path, "/")
	case "base":
		return oneSegment(strings.TrimSuffix(file, path.Ext(file)))
	case "ext":
		return oneSegment(path.Ext(file))
	case "index":
		return strconv.FormatInt(r.Index, 10)
	case "id":
		return oneSegment(idText(r.ID))
	}
	return sum
}

// oneSegment keeps a value from making folders.
func oneSegment(text string) string { return strings.ReplaceAll(text, "/", "_") }

func idText(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return text
	}
	return string(id)
}

// defaultName is readable, and different for every different request: where the readable part lost something,
// a hash of what is asked follows.
func defaultName(r *fetch.Request, u *url.URL) string {
	host := safeSegment(strings.ToLower(u.Host))
	raw := strings.TrimPrefix(u.EscapedPath(), "/")
	file := strings.ReplaceAll(strings.TrimPrefix(u.Path, "/"), "/", "~")
	plain := raw == strings.ReplaceAll(file, "~", "/") && !strings.Contains(raw, "~")
	if file == "" {
		file = "index"
		plain = plain && raw == ""
	} else if file == "index" {
		plain = false
	}
	safe := safeSegment(file)
	if plain && safe == file && u.Scheme == "https" && host == u.Host && u.RawQuery == "" && !u.ForceQuery &&
		u.Fragment == "" && u.User == nil && r.Method == "" && r.Body == nil && len(r.Header) == 0 {
		return host + "/" + safe
	}
	ext := path.Ext(safe)
	if len(ext) > 10 || ext == safe {
		ext = ""
	}
	stem := strings.TrimSuffix(safe, ext)
	return host + "/" + cutBytes(stem, mostSegment-24) + "~" + askedHash(r) + ext
}

// askedHash is 64 bits of a hash of what a Request asks; the same in every run.
func askedHash(r *fetch.Request) string {
	sum := sha256.Sum256(r.AppendAsked(nil))
	return hex.EncodeToString(sum[:8])
}

// mostSegment is how many bytes a name may have between two slashes; file systems take 255.
const mostSegment = 200

// safeSegment makes of any text a name that can stand between two slashes on every file system.
func safeSegment(text string) string {
	safe := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, text)
	if strings.HasPrefix(safe, ".") {
		safe = "_" + safe[1:]
	}
	if trimmed := strings.TrimRight(safe, ". "); trimmed != safe {
		safe = trimmed + "_"
	}
	if safe == "" {
		return "_"
	}
	if isDevice(safe) {
		safe = "_" + safe
	}
	if len(safe) > mostSegment {
		sum := sha256.Sum256([]byte(text))
		ext := path.Ext(safe)
		if len(ext) > 10 {
			ext = ""
		}
		safe = cutBytes(safe, mostSegment-20-len(ext)) + "~" + hex.EncodeToString(sum[:8]) + ext
	}
	return safe
}

// cutBytes returns the start of text, at most so many bytes of it and no half character.
func cutBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// isDevice knows the names that Windows keeps for devices, whatever their extension.
func isDevice(segment string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(segment), ".")
	switch strings.TrimRight(stem, " ") {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}

// mostName and mostFolders bound a whole name.
const (
	mostName    = 1024
	mostFolders = 32
)

// checkName reports a name that could leave its directory or surprise whoever looks into it: absolute, with .. or .,
// hidden, a device, with a backslash, a colon or a control character, too long or too deep.
func checkName(name string) error {
	if name == "" || len(name) > mostName || strings.Count(name, "/") > mostFolders {
		return fmt.Errorf("a file name has 1 to %d bytes and at most %d folders", mostName, mostFolders)
	}
	for segment := range strings.SplitSeq(name, "/") {
		switch {
		case segment == "" || segment == "." || segment == "..":
			return errors.New("the file name is absolute, ends in a slash, or holds two in a row, or a dot or two between them")
		case segment != safeSegment(segment):
			return errors.New("the file name holds a part that is hidden, over-long, a device, or has a character that not every file system takes")
		}
	}
	return nil
}
