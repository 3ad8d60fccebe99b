package cmd

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchfetch/fetch/spelling"
)

// describeFlagError returns the error for a command line that pflag can't parse. The hint for an unknown flag says
// what does the same here where it is one of curl, wget or aria2, or names the flag it is near to. The error quotes no
// text after an unknown short flag, as pflag's would: in -psecret, the form of some other programs, that is a password.
func describeFlagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var broken *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &broken):
		return errors.New("a flag without a name")
	case !errors.As(err, &unknown):
		return err
	case c.HasParent() && c.Name() != "doctor":
		return describeOtherFlag(c, unknown)
	case unknown.GetSpecifiedShortnames() != "":
		first, _ := utf8.DecodeRuneInString(unknown.GetSpecifiedName())
		return &usageError{"unknown flag: -" + string(first), otherShortFlags[string(first)]}
	}
	name := unknown.GetSpecifiedName()
	hint := otherFlags[name]
	if near := spelling.Nearest(name, flagNames(c)); hint == "" && near != "" {
		hint = "did you mean --" + near + "?"
	}
	if hint == "" {
		hint = otherFlags[spelling.Nearest(name, slices.Sorted(maps.Keys(otherFlags)))]
	}
	return &usageError{"unknown flag: --" + name, hint}
}

// describeOtherFlag is describeFlagError for a command that has few flags of its own: what does the same as a flag of
// another program in a run is no hint there.
func describeOtherFlag(c *cobra.Command, unknown *pflag.NotExistError) error {
	name, run := unknown.GetSpecifiedName(), c.Root().Flags()
	hint := c.CommandPath() + " --help lists its flags"
	if unknown.GetSpecifiedShortnames() != "" {
		first, _ := utf8.DecodeRuneInString(name)
		name = "-" + string(first)
		if f := run.ShorthandLookup(string(first)); f != nil {
			hint = name + " is a flag of a run, " + flagHead(f) + "; " + hint
		}
		return &usageError{"unknown flag of " + c.Name() + ": " + name, hint}
	}
	if near := spelling.Nearest(name, flagNames(c)); near != "" {
		hint = "did you mean --" + near + "? " + hint
	} else if run.Lookup(name) != nil {
		where := "help " + name + " prints"
		if slices.Contains(helpNames(c.Root()), name) { // which prints that topic
			where = "--help lists"
		}
		hint = "it is a flag of a run, which batchfetch " + where + "; " + hint
	}
	return &usageError{"unknown flag of " + c.Name() + ": --" + name, hint}
}

// findFlagsAsValues adds a problem for each flag of the command line whose value is the name of another flag, in a word
// of its own: in -o $FILE --resume, where the shell's variable is empty, --resume would be the name of the output.
func findFlagsAsValues(flags *pflag.FlagSet, line []string, found *problems) {
	flags.Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		if !isFlag(flags, value) || found.flags[f.Name] {
			return
		}
		for i, word := range line[:max(len(line)-1, 0)] {
			isShort := f.Shorthand != "" && !strings.HasPrefix(word, "--") && strings.HasPrefix(word, "-") &&
				strings.HasSuffix(word, f.Shorthand)
			if line[i+1] == value && (isShort || word == "--"+f.Name) {
				found.add(f.Name, "has no value: "+value+", which follows it, is a flag",
					"where that is meant as the value write --"+f.Name+"="+value)
				return
			}
		}
	})
}

// findEmptyValues adds a problem for each flag of the command line whose value is empty, where that means nothing: in
// --save-dir "$DIR" the shell's variable is empty, and the bodies would go elsewhere. A value that the environment has
// is revoked by an empty one.
func findEmptyValues(flags *pflag.FlagSet, lookup func(name string) (string, bool), found *problems) {
	flags.Visit(func(f *pflag.Flag) {
		_, isList := f.Value.(list) // which says itself what an empty one is
		inherited, _ := lookup(environmentName(f.Name))
		if f.Value.String() == "" && !isList && !mayBeEmpty(f) && !found.flags[f.Name] && inherited == "" {
			found.add(f.Name, "is empty", "is a variable of the shell empty? leave the flag out for none")
		}
	})
}

// emptyValues returns what findEmptyValues finds of a command that reads no environment.
func emptyValues(c *cobra.Command) error {
	found := new(problems)
	findEmptyValues(c.Flags(), func(string) (string, bool) { return "", false }, found)
	return errors.Join(found.errors...)
}

// mayBeEmpty reports whether an empty value has a meaning for a flag of the command line: no User-Agent, no proxy
// whatever the environment says, no status.
func mayBeEmpty(f *pflag.Flag) bool {
	return f.Name == "user-agent" || f.Name == "proxy" || f.Name == "retry-on"
}

// isFlag reports whether a word is a flag of this or another program, as --name, --name=value or -n.
func isFlag(flags *pflag.FlagSet, word string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
	switch {
	case strings.HasPrefix(word, "--"):
		return flags.Lookup(name) != nil || otherFlags[name] != ""
	case len(word) == 2 && word[0] == '-':
		return flags.ShorthandLookup(word[1:]) != nil
	}
	return false
}
