package savedir

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"batchfetch/fetch/spelling"
	"batchfetch/output/encode"
)

// NameTemplate makes names of saved bodies, with / between folders. The zero NameTemplate is the default: HOST/PATH,
// and a short hash before the ending where the URL has what no file name can have.
type NameTemplate struct {
	parts   []namePart
	longest int // that a name between two slashes may be, in bytes; 0 is maxSegment
}

// IsGiven reports whether it is not the default.
func (t NameTemplate) IsGiven() bool { return t.parts != nil }

// IsLate reports whether the name is known only once the body has come: it has the body's hash, or the name that the
// response gives it.
func (t NameTemplate) IsLate() bool { return t.has("sha256") || t.has("filename") }

// has reports whether a field is in the template.
func (t NameTemplate) has(field string) bool {
	for _, part := range t.parts {
		if part.field == field {
			return true
		}
	}
	return false
}

// TemplateFields are the fields that a template may have in braces.
var TemplateFields = []string{
	"host", "path", "filename", "base", "ext", "index", "id", "page", "sha256",
}

// A namePart is a piece of a NameTemplate.
type namePart struct {
	literal string
	field   string // empty in a literal
	digits  int    // the least that a number has; 0 is as many as it needs
}

// maxDigits bounds namePart.digits: what the largest number has.
const maxDigits = 19

// printfField is how other programs write a number in a name.
var printfField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%0?([0-9]*)[disu]\b`) })

// ParseNameTemplate parses a template such as "{host}/{index:06}{ext}".
func ParseNameTemplate(text string) (NameTemplate, error) {
	var t NameTemplate
	whole := text
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
		part, err := parseField(text[1:end])
		if err != nil {
			return t, err
		}
		t.parts = append(t.parts, part)
		text = text[end+1:]
	}
	return t, t.check(whole)
}

// check returns why the template, which was parsed from text, makes no names.
func (t NameTemplate) check(text string) error {
	if len(t.parts) > 0 && strings.HasPrefix(t.parts[0].literal, "/") {
		return errors.New("a name is below the directory: no / in front")
	}
	fields := 0
	for _, part := range t.parts {
		if part.field != "" {
			fields++
			continue
		}
		if number := printfField().FindStringSubmatch(part.literal); number != nil {
			return fmt.Errorf("%s is no field: write %s", number[0], numberField(number[1]))
		}
		if checkName("x"+part.literal+"x", maxSegment) != nil {
			return fmt.Errorf("%q can't be part of a file name", encode.Printable(part.literal))
		}
	}
	if fields == 0 && text != "" {
		return fmt.Errorf("%q has no field, so that all bodies would have one name: write such as {index} or "+
			"{filename} in it", encode.Printable(text))
	}
	return nil
}

// numberField returns {index} with that many digits.
func numberField(digits string) string {
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "{index}"
	}
	return "{index:0" + digits + "}"
}

// parseField parses what stands in braces: a field, for a number followed by :0 and how many digits it has at least.
func parseField(text string) (namePart, error) {
	field, format, formatted := strings.Cut(text, ":")
	if !slices.Contains(TemplateFields, field) {
		if near := nearField(field); near != "" {
			return namePart{}, fmt.Errorf("{%s} is no field; did you mean {%s}? There are {%s}", encode.Printable(text), near,
				strings.Join(TemplateFields, "} {"))
		}
		return namePart{}, fmt.Errorf("{%s} is none of {%s}", encode.Printable(text), strings.Join(TemplateFields, "} {"))
	}
	if !formatted {
		return namePart{field: field}, nil
	}
	digits, err := strconv.Atoi(format)
	if field != "index" && field != "page" {
		return namePart{}, fmt.Errorf("{%s}: only {index} and {page} are numbers, {index:06} with six digits",
			encode.Printable(text))
	}
	if err != nil || format[0] != '0' || digits < 1 || digits > maxDigits {
		return namePart{}, fmt.Errorf("{%s}: write {%s:06} for six digits, at most %d", encode.Printable(text), field,
			maxDigits)
	}
	return namePart{field: field, digits: digits}, nil
}

// otherNames are what other programs call our fields.
var otherNames = map[string]string{
	"name": "filename", "file": "filename", "title": "filename", "basename": "base", "stem": "base",
	"extension": "ext", "suffix": "ext", "domain": "host", "server": "host", "hostname": "host",
	"dir": "path", "folder": "path", "url": "path",
	"n": "index", "i": "index", "idx": "index", "no": "index", "nr": "index", "num": "index", "number": "index",
	"count": "index", "counter": "index", "seq": "index",
	"hash": "sha256", "sum": "sha256", "checksum": "sha256", "sha": "sha256",
}

// nearField returns the field that was likely meant; empty is none.
func nearField(text string) string {
	if other := otherNames[strings.ToLower(text)]; other != "" {
		return other
	}
	return spelling.Nearest(text, TemplateFields)
}
