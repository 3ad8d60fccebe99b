package cmd

import (
	"regexp"
	"testing"

	"github.com/spf13/pflag"
)

// TestHintsForOtherFlags: no hint is for a flag of our own, and each names flags that exist.
func TestHintsForOtherFlags(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	register(flags, new(settings), new(problems))
	for name, hint := range otherFlags {
		if flags.Lookup(name) != nil {
			t.Errorf("--%s is a flag here", name)
		}
		checkFlagsExist(t, flags, hint)
	}
	for letter, hint := range otherShortFlags {
		if flags.ShorthandLookup(letter) != nil {
			t.Errorf("-%s is a flag here", letter)
		}
		checkFlagsExist(t, flags, hint)
	}
}

// flagInHint is a flag in a hint: one letter after a dash, or a name after two.
var flagInHint = regexp.MustCompile(`(?:^|[ (])(?:-([a-zA-Z])\b|--([a-z0-9-]+))`)

func checkFlagsExist(t *testing.T, flags *pflag.FlagSet, hint string) {
	t.Helper()
	if hint == "" {
		t.Error("a flag without a hint")
	}
	for _, match := range flagInHint.FindAllStringSubmatch(hint, -1) {
		short, long := match[1], match[2]
		if short != "" && flags.ShorthandLookup(short) == nil || long != "" && flags.Lookup(long) == nil {
			t.Errorf("%q names a flag that does not exist: -%s%s", hint, short, long)
		}
	}
}
