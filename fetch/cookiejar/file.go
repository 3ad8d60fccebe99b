package cookiejar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/httpurl"
)

// maxFileSize bounds a cookie file in bytes, maxFileCookies the cookies in it: three times what browsers keep.
const maxFileSize, maxFileCookies = 4 << 20, 10000

// parseCookieFile parses a file in the format that Jar.Load documents. The error names the line and never repeats its
// text.
func parseCookieFile(content []byte, now time.Time) ([]cookie, error) {
	if len(content) > maxFileSize {
		return nil, fmt.Errorf("is over %d MiB", maxFileSize>>20)
	}
	var found []cookie
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		number++
		c, ok, err := parseCookieLine(strings.TrimRight(line, "\r\n"), now)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if ok {
			found = append(found, c)
		}
		if len(found) > maxFileCookies {
			return nil, fmt.Errorf("holds over %d cookies", maxFileCookies)
		}
	}
	return found, nil
}

// parseCookieLine parses one line of a cookie file. It returns false for a line without a cookie that is no error: a
// blank line, a comment, another header.
func parseCookieLine(line string, now time.Time) (cookie, bool, error) {
	line, httpOnly := strings.CutPrefix(line, "#HttpOnly_")
	if !httpOnly && strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
		return cookie{}, false, nil
	}
	name, value, colon := strings.Cut(line, ":")
	switch {
	case colon && strings.EqualFold(name, "Set-Cookie"):
		return parseCookieHeader(value, now)
	case strings.Count(line, "\t") >= 5: // its domain may be an address, with colons
	case colon && httpguts.ValidHeaderFieldName(name), strings.HasPrefix(line, "HTTP/"):
		return cookie{}, false, nil
	}
	c, err := parseNetscapeLine(line)
	return c, err == nil, err
}

// parseCookieHeader parses a Set-Cookie header in a file, where the URL of its response is not known: it needs a
// Domain.
func parseCookieHeader(value string, now time.Time) (cookie, bool, error) {
	c, ok := parseSetCookie(value, now)
	switch {
	case !ok:
		return cookie{}, false, errors.New("is no Set-Cookie header that can be kept")
	case c.domain == "":
		return cookie{}, false, errors.New("Set-Cookie without a Domain goes to no host")
	case !strings.HasPrefix(c.path, "/"):
		c.path = "/"
	}
	c.domain = httpurl.ASCIIHost(c.domain)
	return c, true, nil
}

// latestExpiry bounds the seconds since 1970 at which a cookie expires: some 35,000 years.
const latestExpiry = 1 << 40

// parseNetscapeLine parses a line of seven fields in the Netscape cookie file format.
func parseNetscapeLine(line string) (cookie, error) {
	fields := strings.Split(line, "\t")
	if len(fields) == 6 {
		fields = append(fields, "") // some programs write an empty value like this
	}
	if len(fields) != 7 {
		return cookie{}, errors.New("is no cookie: seven fields separated by tabs, or a Set-Cookie header")
	}
	wide, widthKnown := parseBool(fields[1])
	secure, secureKnown := parseBool(fields[3])
	whole, _, _ := strings.Cut(fields[4], ".") // some programs write fractions of a second
	expires, err := strconv.ParseInt(whole, 10, 64)
	c := cookie{
		name: fields[5], value: fields[6], path: fields[2], secure: secure,
		domain: httpurl.ASCIIHost(strings.ToLower(strings.TrimPrefix(fields[0], "."))), hostOnly: !wide,
	}
	switch {
	case c.domain == "":
		return cookie{}, errors.New("the first field, the domain, is empty")
	case !widthKnown || !secureKnown:
		return cookie{}, errors.New("the second and fourth field are TRUE or FALSE")
	case !strings.HasPrefix(c.path, "/"):
		return cookie{}, errors.New("the third field is a path that starts with /")
	case err != nil:
		return cookie{}, errors.New("the fifth field is when it expires, in seconds since 1970, or 0")
	case !validCookie(c.name, c.value):
		return cookie{}, fmt.Errorf("name and value hold what no cookie can, or are over %d KiB", maxCookieSize>>10)
	}
	if expires > 0 {
		c.expires = time.Unix(min(expires, latestExpiry), 0)
	}
	return c, nil
}

// parseBool parses TRUE or FALSE, in any case; known is false for anything else.
func parseBool(field string) (value, known bool) {
	return strings.EqualFold(field, "TRUE"), strings.EqualFold(field, "TRUE") || strings.EqualFold(field, "FALSE")
}
