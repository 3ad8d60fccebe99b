package login

import (
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A challenge is one of those in WWW-Authenticate: a scheme with its parameters (RFC 9110 section 11.3). Names are in
// lower case.
type challenge struct {
	scheme string
	params map[string]string
}

// maxParams is the most parameters of a challenge that are kept.
const maxParams = 32

// parseChallenges parses the challenges of WWW-Authenticate, of which one line may have several, separated by commas as
// their parameters are. What can't be read ends a line.
func parseChallenges(lines []string) (list []challenge) {
	for _, line := range lines {
		list = appendChallenges(list, line)
	}
	return list
}

// appendChallenges is parseChallenges for one line.
func appendChallenges(list []challenge, line string) []challenge {
	var current *challenge
	for line = trimSeparators(line); line != ""; line = trimSeparators(line) {
		word := cutToken(&line)
		if word == "" {
			return list
		}
		rest := strings.TrimLeft(line, " \t")
		if !strings.HasPrefix(rest, "=") || current == nil { // a scheme has no =, or a token68 alone
			list = append(list, challenge{strings.ToLower(word), make(map[string]string)})
			current, line = &list[len(list)-1], skipToken68(rest)
			continue
		}
		line = strings.TrimLeft(rest[1:], " \t")
		value, ok := cutValue(&line)
		if !ok {
			return list
		}
		name := strings.ToLower(word)
		if _, again := current.params[name]; !again && len(current.params) < maxParams {
			current.params[name] = value
		}
	}
	return list
}

// skipToken68 returns what follows a scheme, behind the token68 that some have in place of parameters, such as
// Negotiate.
func skipToken68(rest string) string {
	end := strings.IndexAny(rest, ", \t")
	if end < 0 {
		end = len(rest)
	}
	word := rest[:end]
	name := strings.TrimRight(word, "=")
	after := strings.TrimLeft(rest[end:], " \t")
	isParam := strings.Contains(name, "=") || strings.HasPrefix(after, "=") ||
		len(name) < len(word) && after != "" && after[0] != ',' // name= "value"
	if word == "" || isParam || strings.Contains(word, `"`) || after != "" && after[0] != ',' {
		return rest
	}
	return rest[end:]
}

// trimSeparators returns line without the commas and spaces in front.
func trimSeparators(line string) string { return strings.TrimLeft(line, ", \t") }

// cutToken takes a token (RFC 9110 section 5.6.2) off the start of line; "" is none.
func cutToken(line *string) string {
	end := 0
	for end < len(*line) && httpguts.IsTokenRune(rune((*line)[end])) {
		end++
	}
	token := (*line)[:end]
	*line = (*line)[end:]
	return token
}

// cutValue takes the value of a parameter off the start of line, a token or a quoted string without its escapes (RFC
// 9110 section 5.6.4). Where it is neither, ok is false. A value that is neither quoted nor a token is read up to the
// next comma or space, as servers send algorithm and nonce so.
func cutValue(line *string) (value string, ok bool) {
	text := *line
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ", \t")
		if end < 0 {
			end = len(text)
		}
		*line = text[end:]
		return text[:end], end > 0
	}
	var unquoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			*line = text[i+1:]
			return unquoted.String(), true
		case '\\':
			if i++; i == len(text) {
				return "", false
			}
		}
		unquoted.WriteByte(text[i])
	}
	return "", false
}
