package cmd

import (
	"strings"

	"github.com/spf13/pflag"
)

// readEnvironment sets each flag that the command line did not give from the variable BATCHFETCH_FLAG_NAME.
func readEnvironment(flags *pflag.FlagSet, lookup func(name string) (string, bool), found *problems) {
	flags.VisitAll(func(f *pflag.Flag) {
		text, set := lookup(environmentName(f.Name))
		if !set || f.Changed || f.Annotations[groupKey] == nil {
			return
		}
		if text == "" && !acceptsEmpty(f) { // CI engines set variables without a value to ""
			return
		}
		values := []string{text}
		if f.Value.Type() == "list" && f.Annotations[kindKey] != nil {
			values = strings.Split(strings.TrimRight(text, "\n"), "\n")
		}
		before := len(found.errors)
		for _, each := range values {
			_ = f.Value.Set(each) // adds to found by itself
		}
		if len(found.errors) > before { // name the variable in place of the flag
			first := found.errors[before]
			found.errors = append(found.errors[:before], &usageError{
				environmentName(f.Name) + " in the environment: " + first.Error(), hintFor(first),
			})
		}
		f.Changed = true
	})
}

// acceptsEmpty reports whether an empty text has a meaning for the flag.
func acceptsEmpty(f *pflag.Flag) bool { return f.Name == "user-agent" || f.Name == "data" }

func environmentName(flag string) string {
	return "BATCHFETCH_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
