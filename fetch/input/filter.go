package input

import (
	"errors"

	"batchfetch/fetch"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/redact"
)

// Unique yields ErrSkipped with every Request that equals an earlier one in method, URL, headers, body and id. It takes
// about 20 bytes of memory for each different Request, and 40 while the garbage collector is behind.
func Unique(source fetch.Source) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		identify := fetch.NewIdentifier()
		seen := new(identitySet)
		for request, err := range source {
			if err == nil {
				if !seen.add(identify.Of(&request)) {
					err = fetch.ErrSkipped
				}
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

// Skip yields ErrDone with every Request for which done returns true. done is called once for each Request, in the
// order of the input, and may set its Tag, or make it the Request of a later page.
func Skip(source fetch.Source, done func(*fetch.Request) bool) fetch.Source {
	return func(yield func(fetch.Request, error) bool) {
		for request, err := range source {
			if err == nil && done(&request) {
				err = fetch.ErrDone
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

// HostCounts is the number of Requests that a Source has, in all and by host.
type HostCounts struct {
	// Requests is the number of Requests by origin: scheme://host, with :port where that is not the default one.
	Requests map[string]int64
	// Total is the number of all Requests, with Skipped and Invalid ones.
	Total int64
	// Skipped is the number of Requests with ErrSkipped, Invalid that of lines that can't be used.
	Skipped, Invalid int64
}

// CountHosts reads source to its end, without any request to a host. It keeps an entry for each different host, and
// calls unusable with each line that can't be used; unusable may be nil. The error is that of the Source.
func CountHosts(source fetch.Source, unusable func(fetch.Request, *fetch.LineError)) (HostCounts, error) {
	hosts := HostCounts{Requests: make(map[string]int64)}
	invalid := func(request fetch.Request, line *fetch.LineError) {
		hosts.Invalid++
		if unusable != nil {
			unusable(request, line)
		}
	}
	for request, err := range source {
		var line *fetch.LineError
		switch {
		case errors.Is(err, fetch.ErrSkipped):
			hosts.Skipped++
		case errors.As(err, &line):
			invalid(request, line)
		case err != nil:
			return hosts, err
		default:
			u, err := request.ParsedURL()
			if err != nil {
				invalid(request, &fetch.LineError{Input: redact.Line([]byte(request.URL)), Err: err})
				break
			}
			hosts.Requests[httpurl.Origin(u)]++
		}
		hosts.Total++
	}
	return hosts, nil
}
