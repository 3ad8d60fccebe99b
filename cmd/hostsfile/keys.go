package hostsfile

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/login"
	"batchfetch/fetch/parse"
)

// A keyReader reads the value of one key into the settings of the current host.
type keyReader func(p *parser, s *fetch.HostSettings, value *yaml.Node) error

// keys are the settings of a host by their names in the file.
var keys = map[string]keyReader{
	"concurrency":     limit(parse.Int, func(s *fetch.HostSettings) **int { return &s.Concurrency }),
	"rate":            limit(orNone(parse.Rate), func(s *fetch.HostSettings) **float64 { return &s.Rate }),
	"retries":         limit(parse.Int, func(s *fetch.HostSettings) **int { return &s.Retries }),
	"connect_timeout": timeout(func(s *fetch.HostSettings) **time.Duration { return &s.ConnectTimeout }),
	"stall_timeout":   timeout(func(s *fetch.HostSettings) **time.Duration { return &s.StallTimeout }),
	"retry_on":        limit(parseRetryOn, func(s *fetch.HostSettings) **judge.RetryOn { return &s.RetryOn }),
	"throttle_on": limit(orNone(parseStatuses),
		func(s *fetch.HostSettings) **judge.Statuses { return &s.ThrottleOn }),
	"accept_status": limit(parseStatuses,
		func(s *fetch.HostSettings) **judge.Statuses { return &s.AcceptStatus }),
	"retry_max_delay": limit(parse.Duration, func(s *fetch.HostSettings) **time.Duration { return &s.RetryMaxDelay }),
	"timeout":         timeout(func(s *fetch.HostSettings) **time.Duration { return &s.Timeout }),
	"user":            secret(func(s *fetch.HostSettings) *string { return &s.Username }),
	"password":        secret(func(s *fetch.HostSettings) *string { return &s.Password }),
	"headers":         (*parser).readHeaders,
	"oauth2_bearer":   secret(func(s *fetch.HostSettings) *string { return &s.Bearer }),
	"aws_sigv4":       readSigV4,
	"login":           yesOrNo(func(s *fetch.HostSettings) *bool { return &s.Login }),
	"digest":          yesOrNo(func(s *fetch.HostSettings) *bool { return &s.Digest }),
	"share":           readShare,
}

// keyNames returns the names of all keys, sorted.
func keyNames() []string { return slices.Sorted(maps.Keys(keys)) }

// limit reads one value by convert into the field of a limit, which is nil where the file does not set it.
func limit[T any](convert func(string) (T, error), field func(*fetch.HostSettings) **T) keyReader {
	return func(_ *parser, s *fetch.HostSettings, value *yaml.Node) error {
		text, err := scalarText(value)
		if err != nil {
			return err
		}
		converted, err := convert(text)
		if err == nil {
			*field(s) = &converted
		}
		return err
	}
}

func timeout(field func(*fetch.HostSettings) **time.Duration) keyReader {
	return limit(orNone(parse.Duration), field)
}

// parseStatuses is judge.ParseStatuses with an error that does not repeat the text.
func parseStatuses(text string) (judge.Statuses, error) {
	set, err := judge.ParseStatuses(text)
	if err != nil {
		return nil, &parse.Error{Problem: "is no list of statuses", Hint: "write 403, 500-599 or 5xx, with commas"}
	}
	return set, nil
}

// parseRetryOn is judge.ParseRetryOn with an error that does not repeat the text.
func parseRetryOn(text string) (judge.RetryOn, error) {
	on, err := judge.ParseRetryOn(text)
	if err != nil {
		return on, &parse.Error{Problem: "is no list of statuses and kinds of failure", Hint: "write 429,5xx,timeout"}
	}
	return on, nil
}

// secret reads a text and expands the variables in it.
func secret(field func(*fetch.HostSettings) *string) keyReader {
	return func(p *parser, s *fetch.HostSettings, value *yaml.Node) error {
		text, err := scalarText(value)
		if err == nil {
			*field(s), err = expandVariables(text, p.lookup)
		}
		return err
	}
}

// yesOrNo reads true or false.
func yesOrNo(field func(*fetch.HostSettings) *bool) keyReader {
	return func(_ *parser, s *fetch.HostSettings, value *yaml.Node) error {
		text, err := scalarText(value)
		if err != nil {
			return err
		}
		if *field(s) = text == "true"; !*field(s) && text != "false" {
			return errors.New("is not true or false")
		}
		return nil
	}
}

// readSigV4 reads what the requests of a host are signed for. Where it has no user the keys are those of the
// environment.
func readSigV4(p *parser, s *fetch.HostSettings, value *yaml.Node) error {
	text, err := scalarText(value)
	if err != nil {
		return err
	}
	scope, err := login.ParseScope(text)
	s.SigV4 = &fetch.SigV4{Scope: scope, Keys: login.KeysFrom(p.lookup)}
	return err
}

// readShare reads the name that hosts with one quota have in common.
func readShare(_ *parser, s *fetch.HostSettings, value *yaml.Node) error {
	text, err := scalarText(value)
	if err == nil && text == "" {
		err = errors.New("has no value")
	}
	s.Share = text
	return err
}

// orNone adds the word none, for 0: no limit.
func orNone[T any](convert func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		if text == "none" {
			var zero T
			return zero, nil
		}
		return convert(text)
	}
}

// scalarText returns the text of a single value as it is written, so that user: 0123 keeps its zero.
func scalarText(node *yaml.Node) (string, error) {
	switch {
	case isNull(node):
		return "", errors.New("has no value")
	case node.Kind != yaml.ScalarNode:
		return "", errors.New("is not a single value")
	}
	return node.Value, nil
}

// readHeaders reads names with a value or a list of values; null removes the header from the requests of the host.
func (p *parser) readHeaders(s *fetch.HostSettings, value *yaml.Node) error {
	if value.Kind != yaml.MappingNode {
		return errors.New("is no mapping of names to values")
	}
	s.Header = make(http.Header)
	p.readMapping(value, "headers", func(key, value *yaml.Node) {
		values, err := p.headerValues(value)
		name := http.CanonicalHeaderKey(key.Value)
		if _, again := s.Header[name]; again && err == nil {
			err = errors.New("a header for a second time; a name may have a list of values")
		}
		s.Header[name] = values
		if err != nil {
			p.addMistake(key.Line, p.describeKey(p.current, "headers"), err)
		}
	})
	return nil
}

// headerValues returns the expanded values of one header; nil for null.
func (p *parser) headerValues(value *yaml.Node) ([]string, error) {
	if isNull(value) {
		return nil, nil
	}
	nodes := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		nodes = value.Content
	}
	var values []string
	for _, each := range nodes {
		text, err := scalarText(each)
		if err == nil {
			text, err = expandVariables(text, p.lookup)
		}
		if err != nil {
			return nil, err
		}
		values = append(values, text)
	}
	if values == nil {
		return nil, errors.New("an empty list")
	}
	return values, nil
}
