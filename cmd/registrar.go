package cmd

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"batchfetch/fetch/parse"
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
	r.layeredList(target, nil, name, short, kind, usage)
}

// layeredList is list with a place of its own, under, for the values of the environment; nil is none.
func (r *registrar) layeredList(target, under *[]string, name, short, kind, usage string) {
	r.flags.VarP(list{target, under}, name, short, usage)
	_ = r.flags.SetAnnotation(name, kindKey, []string{kind}) // as in annotate
	r.annotate(name)
}

// formatDuration returns Go's text of d without zero units at its end: 1m in place of 1m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	text = strings.Replace(text, "m0s", "m", 1)
	return strings.Replace(text, "h0m", "h", 1)
}
