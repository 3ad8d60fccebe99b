package cmd

import (
	"errors"
	"maps"
	"slices"
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

// flagNames returns the names of the flags of a command.
func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
