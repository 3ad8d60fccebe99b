package fetch

import "errors"

// Unique yields ErrSkipped with every Request that asks the same (method, URL, headers, body, id) as an earlier one.
// It keeps about 24 to 40 bytes for each different Request.
func Unique(source Source) Source {
	return func(yield func(Request, error) bool) {
		identify := NewIdentifier()
		seen := make(map[Identity]struct{})
		for request, err := range source {
			if err == nil {
				identity := identify.Of(&request)
				if _, again := seen[identity]; again {
					err = ErrSkipped
				}
				seen[identity] = struct{}{}
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

// Skip yields ErrSkipped with every Request of which done says so. done is called once for each Request, in the order of the input,
// and may set its Tag.
func Skip(source Source, done func(*Request) bool) Source {
	return func(yield func(Request, error) bool) {
		for request, err := range source {
			if err == nil && done(&request) {
				err = ErrSkipped
			}
			if !yield(request, err) {
				return
			}
		}
	}
}

// Hosts counts what a Source would ask of whom.
type Hosts struct {
	// Requests counts by scheme://host:port.
	Requests                map[string]int64
	Total, Skipped, Invalid int64
}

// CountHosts reads source to its end and asks nothing. It keeps an entry for each different host,
// and gives each line that can't be used to unusable, which may be nil.
func CountHosts(source Source, unusable func(Request, *LineError)) (Hosts, error) {
	hosts := Hosts{Requests: make(map[string]int64)}
	invalid := func(request Request, line *LineError) {
		hosts.Invalid++
		if unusable != nil {
			unusable(request, line)
		}
	}
	for request, err := range source {
		var line *LineError
		switch {
		case errors.Is(err, ErrSkipped):
			hosts.Skipped++
		case errors.As(err, &line):
			invalid(request, line)
		case err != nil:
			return hosts, err
		default:
			u, err := request.parsed()
			if err != nil {
				invalid(request, &LineError{Input: maskLine([]byte(request.URL)), Err: err})
				break
			}
			hosts.Requests[originOf(u)]++
		}
		hosts.Total++
	}
	return hosts, nil
}
