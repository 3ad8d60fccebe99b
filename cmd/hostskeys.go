package cmd

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"batchfetch/fetch"
)

// A hostKey puts one value of a file into the settings.
type hostKey func(p *hostsParser, s *fetch.HostSettings, value *yaml.Node) error

// hostKeys are the settings of a host by their names in the file.
var hostKeys = map[string]hostKey{
	"concurrency":     setting(parseWhole, func(s *fetch.HostSettings) **int { return &s.Concurrency }),
	"rate":            setting(unlessNone(parseRate), func(s *fetch.HostSettings) **float64 { return &s.Rate }),
	"retries":         setting(parseWhole, func(s *fetch.HostSettings) **int { return &s.Retries }),
	"connect_timeout": setting(unlessNone(parseDuration), func(s *fetch.HostSettings) **time.Duration { return &s.ConnectTimeout }),
	"stall_timeout":   setting(unlessNone(parseDuration), func(s *fetch.HostSettings) **time.Duration { return &s.StallTimeout }),
	"timeout":         setting(unlessNone(parseDuration), func(s *fetch.HostSettings) **time.Duration { return &s.Timeout }),
	"user":            secretSetting(func(s *fetch.HostSettings) *string { return &s.Username }),
	"password":        secretSetting(func(s *fetch.HostSettings) *string { return &s.Password }),
	"headers":         (*hostsParser).headers,
}

func hostKeyNames() []string {
	var names []string
	for name := range hostKeys {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func setting[T any](parse func(string) (T, error), field func(*fetch.HostSettings) **T) hostKey {
	return func(_ *hostsParser, s *fetch.HostSettings, value *yaml.Node) error {
		text, err := scalarText(value)
		if err != nil {
			return err
		}
		parsed, err := parse(text)
		if err == nil {
			*field(s) = &parsed
		}
		return err
	}
}

func secretSetting(field func(*fetch.HostSettings) *string) hostKey {
	return func(p *hostsParser, s *fetch.HostSettings, value *yaml.Node) error {
		text, err := scalarText(value)
		if err == nil {
			*field(s), err = expandVariables(text, p.lookup)
		}
		return err
	}
}

// unlessNone takes none for 0, which is no limit.
func unlessNone[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		if text == "none" {
			var zero T
			return zero, nil
		}
		return parse(text)
	}
}

func scalarText(node *yaml.Node) (string, error) {
	switch {
	case isNull(node):
		return "", errors.New("has no value")
	case node.Kind != yaml.ScalarNode:
		return "", errors.New("is not a single value")
	}
	return node.Value, nil
}

// headers reads names with a value or a list of values; no value takes the header away.
func (p *hostsParser) headers(s *fetch.HostSettings, value *yaml.Node) error {
	if value.Kind != yaml.MappingNode {
		return errors.New("is no mapping of names to values")
	}
	s.Header = make(http.Header)
	p.each(value, "headers", func(key, value *yaml.Node) {
		values, err := p.headerValues(value)
		name := http.CanonicalHeaderKey(key.Value)
		if _, again := s.Header[name]; again && err == nil {
			err = errors.New("a header for a second time; a name may have a list of values")
		}
		s.Header[name] = values
		if err != nil {
			p.wrong(key.Line, p.place(p.at, "headers"), err)
		}
	})
	return nil
}

func (p *hostsParser) headerValues(value *yaml.Node) ([]string, error) {
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
