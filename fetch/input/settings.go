package input

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/parse"
)

// setSettings sets Settings of r by the members that are named like flags. Their values are those of the flags, as
// strings or as numbers; null is as if the member were absent.
func (q *jsonRequest) setSettings(r *fetch.Request) error {
	var s fetch.RequestSettings
	timeout, err := setting("timeout", q.Timeout, parse.Duration)
	if err != nil {
		return err
	}
	accept, err := setting("accept_status", q.AcceptStatus, judge.ParseStatuses)
	if err != nil {
		return err
	}
	most, err := setting("max_body", q.MaxBody, parse.Size)
	if err != nil {
		return err
	}
	s.Timeout, s.MaxBody = timeout, most
	if accept != nil {
		s.AcceptStatus = *accept
	}
	if q.Proxy != nil {
		proxy := strings.TrimSpace(*q.Proxy)
		s.Proxy = &proxy
	}
	if s.Timeout != nil || s.AcceptStatus != nil || s.MaxBody != nil || s.Proxy != nil {
		r.Settings = &s
	}
	return nil
}

// setting reads the value of a member by convert; nil is that it is absent.
func setting[T any](name string, raw json.RawMessage, convert func(string) (T, error)) (*T, error) {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, nil
	case raw[0] == '"':
		_ = json.Unmarshal(raw, &text) // it is valid
	case raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9':
		text = string(raw)
	default:
		return nil, fmt.Errorf("%s is neither a string nor a number", name)
	}
	value, err := convert(text)
	if hint := parse.Hint(err); hint != "" {
		err = errors.New(err.Error() + ": " + hint)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &value, nil
}
