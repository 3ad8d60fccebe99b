package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"batchfetch/cmd/parse"
)

// groupKey and kindKey are annotations of a flag: its heading in the help, and the word for its value there.
const (
	groupKey = "group"
	kindKey  = "kind"
)

// A registrar adds flags to a flag set, under one heading of the help after the other.
type registrar struct {
	flags    *pflag.FlagSet
	problems *problems // gets the texts that can't be parsed
	group    string
}

// annotate sets the heading of a flag that was just added.
func (r *registrar) annotate(name string) {
	_ = r.flags.SetAnnotation(name, groupKey, []string{r.group}) // fails only for a flag that does not exist
}

// add adds a flag of any type. kind and shown are the words for its value and its default in the help.
func add[T any](
	r *registrar, target *T, name, short, kind, shown, usage string, convert func(string) (T, error),
) {
	v := &value[T]{target: target, name: name, kind: kind, text: shown, convert: convert, problems: r.problems}
	r.flags.VarP(v, name, short, usage)
	r.annotate(name)
}

func (r *registrar) bool(target *bool, name, short, usage string) {
	add(r, target, name, short, "bool", strconv.FormatBool(*target), usage, parse.Bool)
	r.flags.Lookup(name).NoOptDefVal = "true"
}

func (r *registrar) int(target *int, name, short, kind, usage string) {
	add(r, target, name, short, kind, strconv.Itoa(*target), usage, parse.Int)
}

func (r *registrar) duration(target *time.Duration, name, usage string) {
	shown := "none"
	if *target > 0 {
		shown = formatDuration(*target)
	}
	add(r, target, name, "", "duration", shown, usage, parse.Duration)
}

func (r *registrar) text(target *string, name, short, kind, usage string) {
	add(r, target, name, short, kind, *target, usage, func(s string) (string, error) { return s, nil })
}

// list adds a flag that may be given more than once.
func (r *registrar) list(target *[]string, name, short, kind, usage string) {
	r.flags.VarP(list{target}, name, short, usage)
	_ = r.flags.SetAnnotation(name, kindKey, []string{kind}) // as in annotate
	r.annotate(name)
}

// formatDuration returns Go's text of d without zero units at its end: 1m in place of 1m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	text = strings.Replace(text, "m0s", "m", 1)
	return strings.Replace(text, "h0m", "h", 1)
}

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
type list struct{ target *[]string }

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

// parseFailureLimit reads a number of failures or a share such as 5%.
func parseFailureLimit(text string) (failureLimit, error) {
	if share, found := strings.CutSuffix(text, "%"); found {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil || !(percent > 0 && percent <= 100) {
			return failureLimit{}, &parse.Error{Problem: "not a share", Hint: "write more than 0% and at most 100%"}
		}
		return failureLimit{count: -1, percent: percent}, nil
	}
	count, err := strconv.ParseInt(text, 10, 64)
	if err != nil || count < 0 {
		return failureLimit{}, &parse.Error{Problem: "neither a number nor a share", Hint: "write 20 or 5%"}
	}
	return failureLimit{count: count}, nil
}

// parseProxy accepts any text, as a refusal would quote it, and it may hold a password: fetch.Options.Validate refuses.
func parseProxy(text string) (proxyFlag, error) {
	return proxyFlag{given: true, text: text}, nil
}

// maxShards is the largest n of --shard i/n, above the size of any job array.
const maxShards = 1 << 20

var errShard = &parse.Error{
	Problem: "neither i/n nor auto nor auto/n",
	Hint:    "write 1/4 for the first of four, or auto/4 where an engine numbers the jobs",
}

// parseShard reads i/n, auto or auto/n.
func parseShard(text string) (shardFlag, error) {
	number, of, found := strings.Cut(text, "/")
	s := shardFlag{auto: number == "auto"}
	if !found && !s.auto {
		return s, errShard
	}
	var err error
	if !s.auto {
		s.Number, err = strconv.Atoi(number)
	}
	if found && err == nil {
		s.Of, err = strconv.Atoi(of)
	}
	switch {
	case err != nil:
		return s, errShard
	case found && (s.Of < 1 || s.Of > maxShards):
		return s, fmt.Errorf("there can be 1 to %d shards", maxShards)
	case !s.auto && (s.Number < 1 || s.Number > s.Of):
		return s, fmt.Errorf("shards are numbered from 1 to %d", s.Of)
	}
	return s, nil
}
