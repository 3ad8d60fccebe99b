package judge

import (
	"fmt"
	"strconv"
	"strings"

	"batchfetch/fetch/failure"
)

// Statuses is a set of HTTP status codes, as ranges of first and last code.
type Statuses [][2]int

// Has reports whether status is in the set.
func (s Statuses) Has(status int) bool {
	for _, span := range s {
		if span[0] <= status && status <= span[1] {
			return true
		}
	}
	return false
}

// String returns the set in the form that ParseStatuses reads.
func (s Statuses) String() string {
	words := make([]string, len(s))
	for i, span := range s {
		words[i] = strconv.Itoa(span[0])
		if span[1] != span[0] {
			words[i] += "-" + strconv.Itoa(span[1])
		}
	}
	return strings.Join(words, ",")
}

// ParseStatuses parses a list such as "200-299,304,5xx".
func ParseStatuses(text string) (Statuses, error) {
	var set Statuses
	for word := range strings.SplitSeq(text, ",") {
		span, err := parseRange(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		set = append(set, span)
	}
	return set, nil
}

// parseRange parses 404, 500-599 or 5xx.
func parseRange(word string) (span [2]int, err error) {
	if class, found := strings.CutSuffix(strings.ToLower(word), "xx"); found && len(class) == 1 {
		word = class + "00-" + class + "99"
	}
	first, last, found := strings.Cut(word, "-")
	if !found {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err1 != nil || err2 != nil || from < 100 || to > 999 || from > to {
		return span, fmt.Errorf("%q is no status such as 404, 500-599 or 5xx", word)
	}
	return [2]int{from, to}, nil
}

// RetryOn is the set of outcomes that are worth another attempt.
type RetryOn struct {
	// Statuses are statuses of final responses that are not accepted.
	Statuses Statuses
	// Kinds are the kinds of failure without a whole response.
	Kinds []failure.Kind
}

// DefaultRetryOn is the set where the user gives none. 590 to 599 are of proxies: proxy-chain 3.0 (Crawlee, Apify) says
// by them what it met on the way to the host, or to a proxy behind it (590: that refused; 593: no such name; 594 and
// 595: refused and reset connections; 596: a broken pipe; 599: anything else), others by 598 that no data came. A login
// that is refused (597) is not among them.
func DefaultRetryOn() RetryOn {
	return RetryOn{
		Statuses: Statuses{{408, 408}, {425, 425}, {429, 429}, {500, 500}, {502, 502}, {503, 503}, {504, 504},
			{520, 524}, {529, 529}, {530, 530}, {590, 590}, {593, 596}, {598, 599}},
		Kinds: []failure.Kind{
			failure.DNS, failure.Connect, failure.Timeout, failure.Stalled, failure.Reset, failure.Truncated,
		},
	}
}

// ParseRetryOn parses a list of statuses and kinds such as "429,5xx,timeout"; empty or "none" is the empty set.
func ParseRetryOn(text string) (RetryOn, error) {
	var on RetryOn
	if text = strings.TrimSpace(text); text == "" || text == "none" {
		return on, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		if kind := failure.Kind(word); isRetryable(kind) {
			on.Kinds = append(on.Kinds, kind)
			continue
		}
		span, err := parseRange(word)
		if err != nil {
			return on, fmt.Errorf("%q is neither a status (429, 500-599, 5xx) nor a kind of failure that can pass (%s)",
				word, listRetryableKinds())
		}
		on.Statuses = append(on.Statuses, span)
	}
	return on, nil
}

// isRetryable reports whether another attempt at the same request may succeed after a failure of that kind.
func isRetryable(kind failure.Kind) bool {
	switch kind {
	case failure.DNS, failure.Connect, failure.TLS, failure.Timeout, failure.Stalled, failure.Reset, failure.Truncated,
		failure.Protocol, failure.Checksum, failure.Decode:
		return true
	}
	return false
}

// listRetryableKinds returns the retryable kinds, separated by spaces, for an error message.
func listRetryableKinds() string {
	var words []string
	for _, kind := range failure.Kinds() {
		if isRetryable(kind) {
			words = append(words, string(kind))
		}
	}
	return strings.Join(words, " ")
}

// String returns the set in the form that ParseRetryOn reads.
func (on RetryOn) String() string {
	var words []string
	if len(on.Statuses) > 0 {
		words = append(words, on.Statuses.String())
	}
	for _, kind := range on.Kinds {
		words = append(words, string(kind))
	}
	if words == nil {
		return "none"
	}
	return strings.Join(words, ",")
}

func (on RetryOn) hasKind(kind failure.Kind) bool {
	for _, k := range on.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// isEmpty reports whether nothing is worth another attempt.
func (on RetryOn) isEmpty() bool { return len(on.Statuses) == 0 && len(on.Kinds) == 0 }
