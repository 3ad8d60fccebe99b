package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/parse"
)

// A value is a flag of type T, as pflag wants it. Set adds a text that can't be parsed to problems instead of returning
// an error, so that the flags after it are parsed too.
type value[T any] struct {
	target   *T
	name     string
	kind     string
	text     string // as shown for the default
	convert  func(string) (T, error)
	problems *problems
}

func (v *value[T]) Set(text string) error {
	converted, err := v.convert(text)
	if err != nil {
		v.problems.add(v.name, fmt.Sprintf("%q: %s", text, err), parse.Hint(err))
		return nil
	}
	*v.target, v.text = converted, text
	return nil
}

func (v *value[T]) String() string { return v.text }
func (v *value[T]) Type() string   { return v.kind }

// A list is a flag that may be given more than once. In the environment it has one value on each line.
type list struct {
	target *[]string
	under  *[]string // gets the environment's values, to be used beside the command line's; nil is in place of them
}

func (l list) Set(text string) error {
	*l.target = append(*l.target, text)
	return nil
}
func (l list) String() string { return "" }
func (l list) Type() string   { return "list" }

var _ pflag.Value = list{}

// oneOf returns a parser that accepts the given words only.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		names := make([]string, len(words))
		for i, word := range words {
			if string(word) == text {
				return word, nil
			}
			names[i] = string(word)
		}
		return "", fmt.Errorf("must be one of %s", strings.Join(names, ", "))
	}
}

// parseFailureLimit reads a number of failures, or a share such as 5% or 5pct: in a crontab % ends the command.
func parseFailureLimit(text string) (failureLimit, error) {
	share, found := strings.CutSuffix(text, "%")
	if !found {
		share, found = strings.CutSuffix(text, "pct")
	}
	if found {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil || !(percent > 0 && percent <= 100) {
			return failureLimit{}, &parse.Error{
				Problem: "not a share", Hint: "write more than 0% and at most 100%; 0 allows no failure",
			}
		}
		return failureLimit{count: -1, percent: percent}, nil
	}
	count, err := strconv.ParseInt(text, 10, 64)
	if err != nil || count < 0 {
		return failureLimit{}, &parse.Error{
			Problem: "neither a number nor a share", Hint: "write 20, 5% or, in a crontab, 5pct",
		}
	}
	return failureLimit{count: count}, nil
}

// parseStatusesOrNone reads a list of statuses; none is the empty list.
func parseStatusesOrNone(text string) (judge.Statuses, error) {
	if text == "none" {
		return nil, nil
	}
	return judge.ParseStatuses(text)
}

// parseNameTTL reads a duration; auto is fetch.Options.NameTTL by what DNS says.
func parseNameTTL(text string) (time.Duration, error) {
	if text == "auto" {
		return -1, nil
	}
	d, err := parse.Duration(text)
	if err == nil && d < 0 {
		return 0, errors.New("must not be negative")
	}
	return d, err
}

// parseProxy accepts any text, as a refusal would quote it, and it may hold a password: fetch.Options.Validate refuses.
func parseProxy(text string) (proxyFlag, error) {
	return proxyFlag{given: true, text: text}, nil
}
