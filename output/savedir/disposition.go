package savedir

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// filenameOf returns the name that a response gives its body by Content-Disposition (RFC 6266), without folders; empty
// is none. Of filename* and filename the first counts (section 4.3). It is not safe yet: see sanitizeSegment.
func filenameOf(h http.Header) string {
	for _, field := range h["Content-Disposition"] {
		var plain, extended string
		for field != "" {
			var name, value string
			name, value, field = nextParameter(field)
			switch {
			case name == "filename*" && extended == "":
				extended = lastElement(decodeExtended(value))
			case name == "filename" && plain == "":
				plain = lastElement(decodePlain(value))
			}
		}
		if extended != "" {
			return extended
		}
		if plain != "" {
			return plain
		}
	}
	return ""
}

// nextParameter reads a parameter, or the disposition type in front, up to its semicolon: the name in lower case, and
// the value without quotation marks. It takes what it can get of one that is not well formed, as browsers do.
func nextParameter(field string) (name, value, rest string) {
	end := strings.IndexAny(field, ";=")
	if end < 0 {
		return "", "", ""
	}
	if field[end] == ';' {
		return "", "", field[end+1:]
	}
	words := strings.Fields(strings.ToLower(field[:end]))
	if len(words) > 0 {
		name = words[len(words)-1] // a type without its semicolon may stand before it
	}
	rest = strings.TrimLeft(field[end+1:], " \t")
	if quoted, is := strings.CutPrefix(rest, `"`); is {
		value, rest = unquote(quoted)
		_, rest, _ = strings.Cut(rest, ";")
		return name, value, rest
	}
	value, rest, _ = strings.Cut(rest, ";")
	return name, strings.TrimSpace(value), rest
}

// unquote reads a quoted-string (RFC 9110 section 5.6.4) behind its first quotation mark, and returns what follows the
// last. A \ before anything but \ and a quotation mark is one of a Windows path.
func unquote(text string) (value, rest string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return out.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String(), ""
}

// decodeExtended decodes the value of a parameter whose name ends with * (RFC 8187 section 3.2):
// charset'language'value. It returns an empty string for one that is invalid, or in an unknown charset.
func decodeExtended(value string) string {
	parts := strings.SplitN(value, "'", 3)
	if len(parts) < 3 {
		return ""
	}
	charset, err := htmlindex.Get(parts[0])
	if err != nil {
		return ""
	}
	raw, err := url.PathUnescape(parts[2])
	if err != nil {
		return ""
	}
	text, err := charset.NewDecoder().String(raw)
	if err != nil || strings.ContainsRune(text, utf8.RuneError) {
		return ""
	}
	return text
}

// decodePlain decodes the value of filename as browsers do: encoded words (RFC 2047), else UTF-8, else windows-1252.
func decodePlain(value string) string {
	words := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		encoding, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return encoding.NewDecoder().Reader(in), nil
	}}
	if text, err := words.DecodeHeader(value); err == nil {
		value = text
	}
	if utf8.ValidString(value) {
		return value
	}
	text, err := charmap.Windows1252.NewDecoder().String(value)
	if err != nil {
		return ""
	}
	return text
}

// lastElement returns a name without folders before it, whose separators are those of Unix or Windows; empty is that
// none is left.
func lastElement(name string) string {
	name = strings.TrimSpace(name[strings.LastIndexAny(name, `/\`)+1:])
	if name == "." || name == ".." {
		return ""
	}
	return name
}
