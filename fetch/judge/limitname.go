package judge

import (
	"slices"
	"strings"
	"time"
)

// limitWords are words in the names of header fields that are about limits on requests.
var limitWords = [...]string{"imit", "uota", "Rate", "Request", "Call", "Quer", "Credit", "Throttl", "Token"}

// isLimitName reports whether a header field may be one of those that tell a limit, by its name: a cheap test. The
// RateLimit field of the draft is not among them.
func isLimitName(name string) bool {
	switch name {
	case "Accept-Ranges", "Cache-Control", "Connection", "Content-Length", "Content-Type", "Date", "Etag", "Expires",
		"Last-Modified", "Server", "Vary": // most of what there is: not looked through
		return false
	}
	if strings.Contains(name, "imit") {
		return name != "Ratelimit" && name != "Ratelimit-Policy"
	}
	if !strings.Contains(name, "Remaining") && !strings.HasSuffix(name, "-Left") {
		return false
	}
	if strings.HasPrefix(name, "X-Remaining-") { // Etsy's X-Remaining-This-Second
		return true
	}
	for _, word := range &limitWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// wordIn returns where a word begins in the name of a header field, between hyphens; -1 is not at all.
func wordIn(name, word string) int {
	at := strings.Index(name, word)
	if at < 0 || at > 0 && name[at-1] != '-' {
		return -1
	}
	if end := at + len(word); end < len(name) && name[end] != '-' {
		return -1
	}
	return at
}

// joinedWordIn returns where a word begins that ends one of the words between hyphens, as remaining does in
// X-Ratelimit-Userremaining; -1 is not at all. The word is in small letters, as in canonical form only the first letter
// of each word is a capital.
func joinedWordIn(name, word string) int {
	at := strings.Index(name, word)
	if end := at + len(word); at < 0 || end < len(name) && name[end] != '-' {
		return -1
	}
	return at
}

// windowOfName is the window that the name of a header field says: X-RateLimit-Remaining-Minute (Kong),
// X-HubSpot-RateLimit-Daily-Remaining; 0 is none.
func windowOfName(name string) time.Duration {
	for _, unit := range [...]struct {
		words  [2]string
		length time.Duration
	}{
		{[2]string{"Second", "Secondly"}, time.Second}, {[2]string{"Minute", "Minutely"}, time.Minute},
		{[2]string{"Hour", "Hourly"}, time.Hour}, {[2]string{"Day", "Daily"}, 24 * time.Hour},
	} {
		if wordIn(name, unit.words[0]) >= 0 || wordIn(name, unit.words[1]) >= 0 {
			return unit.length
		}
	}
	return 0
}

// otherUnits are words in the names of fields that count something else than requests, without a plural s.
var otherUnits = [...]string{"Token", "Byte", "Char", "Character", "Cost", "Point", "Complexity", "Content",
	"Bandwidth", "Size", "Unit", "Credit", "Time", "Storage"}

// countsRequests reports whether a limit counts requests, by the words of the name of its field between hyphens. The
// requests made with an API token are requests (Trello).
func countsRequests(name string) bool {
	before := ""
	for word := range strings.SplitSeq(name, "-") {
		one := strings.TrimSuffix(strings.TrimSuffix(word, "remaining"), "s")
		if slices.Contains(otherUnits[:], one) && !(one == "Token" && before == "Api") {
			return false
		}
		before = word
	}
	return true
}
