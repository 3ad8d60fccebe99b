package cmd

import (
	"strings"

	"github.com/spf13/pflag"
)

// readEnvironment sets each flag that the command line did not give from the variable BATCHFETCH_FLAG_NAME. Values of a
// list that has a place for them are read beside those of the command line.
func readEnvironment(flags *pflag.FlagSet, lookup func(name string) (string, bool), found *problems) {
	flags.VisitAll(func(f *pflag.Flag) {
		text, set := lookup(environmentName(f.Name))
		several, isList := f.Value.(list)
		layered := isList && several.under != nil
		if !set || f.Annotations[groupKey] == nil || f.Changed && !layered {
			return
		}
		if text == "" && !acceptsEmpty(f) { // CI engines set variables without a value to ""
			return
		}
		values := []string{text}
		if isList {
			values = strings.Split(strings.TrimRight(text, "\n"), "\n")
		}
		if layered {
			*several.under, f.Changed = values, true
			return
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
