package cmd

import (
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"batchfetch/fetch/spelling"
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

// variablePrefix is what names of our variables begin with.
const variablePrefix = "BATCHFETCH_"

func environmentName(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// A strayVariable is a variable of the environment that has the prefix of ours and that nothing reads. Its value, which
// may be a secret, is not kept.
type strayVariable struct {
	name, hint string
	misspelt   bool // it is near to one of ours, and hardly a script's own
}

// hintVariableNames is the hint for a variable that is not near to any.
const hintVariableNames = "each is named as its flag: --host-rate as BATCHFETCH_HOST_RATE"

// foreignVariable matches names that are not meant for batchfetch though they have its prefix: those that Kubernetes
// sets in each container for a service with the name batchfetch.
var foreignVariable = regexp.MustCompile(`^[A-Z0-9_]+_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|` +
	`PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// strayVariables returns the variables of an environment (NAME=value each) that are named like one of a flag and are
// none, in the order of their names. The prefix may be in small letters, or have a _ in it. One that is empty counts as
// not set.
func strayVariables(flags *pflag.FlagSet, environment []string, lookup func(string) (string, bool)) []strayVariable {
	var stray []strayVariable
	for _, each := range environment {
		name, value, _ := strings.Cut(each, "=")
		upper := strings.ToUpper(name)
		rest, ours := strings.CutPrefix(upper, variablePrefix)
		if !ours {
			rest, ours = strings.CutPrefix(upper, "BATCH_FETCH_")
		}
		if !ours || value == "" || rest == "VERSION" || foreignVariable.MatchString(name) { // as images have it
			continue
		}
		flag := strings.ReplaceAll(strings.ToLower(rest), "_", "-")
		read, _ := lookup(environmentName(flag)) // of Windows in small letters, too
		if flags.Lookup(flag) == nil || read != value {
			hint, misspelt := variableHint(flag, flags)
			stray = append(stray, strayVariable{truncate(name), hint, misspelt})
		}
	}
	slices.SortFunc(stray, func(a, b strayVariable) int { return strings.Compare(a.name, b.name) })
	return stray
}

// variableHint returns the hint for a variable that would set a flag which there is not, and whether its name is one of
// ours but for a few letters.
func variableHint(flag string, flags *pflag.FlagSet) (hint string, misspelt bool) {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Annotations[groupKey] != nil {
			names = append(names, f.Name)
		}
	})
	if hint := otherFlags[flag]; hint != "" && !slices.Contains(names, flag) {
		return hint, false
	}
	if near := spelling.Nearest(flag, names); near != "" {
		return "did you mean " + environmentName(near) + "?", len(near)-len(flag) <= 2 // and no mere beginning of it
	}
	return hintVariableNames, false
}

// warnStray warns of variables that nothing reads; of a quiet run, of misspelt ones alone: a script may have
// BATCHFETCH_LOG or BATCHFETCH_OUT for itself.
func warnStray(to io.Writer, c *config, stray []strayVariable) {
	for _, v := range stray {
		if !c.quiet || v.misspelt {
			writeMessage(to, c.inWords(), slog.LevelWarn,
				v.name+" in the environment has no effect: no variable of that name is read", v.hint)
		}
	}
}
