package redact

import (
	"bytes"
	"regexp"
	"sync"
)

// secretOption is an option of curl with its value, user:password or certificate:password, as a command or a file for
// curl -K has it; -a is HTTPie's. The value of --pass is a password alone. It is compiled when the first line needs it,
// as most runs have none.
var secretOption = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[\s"'])(?:` +
		`(-[A-Za-z]*?[aEuU])[\s"'=]*[^\s"'=:/]+:(?:[^\s"'/]|/[^/])|` +
		`((?:--)?(?:proxy-)?(?:cert|user))[\s"'=:]+[^\s"'=:/]+:(?:[^\s"'/]|/[^/])|` +
		`((?:--|^)(?:proxy-)?pass)[\s=:]|((?:proxy-)?pass)[ \t]*[=:])`)
})

// endOfSecretOption returns where in the start of an input line the first option with a password ends; 0 is none.
func endOfSecretOption(line []byte) int {
	if !mayHoldOption(line) {
		return 0
	}
	at := secretOption().FindSubmatchIndex(line)
	for i := 3; i < len(at); i += 2 {
		if at[i] > 0 {
			return at[i]
		}
	}
	return 0
}

// mayHoldOption reports whether secretOption can match a line, in a hundredth of the time: most lines are no commands.
func mayHoldOption(line []byte) bool {
	holds := func(word string) bool { return bytes.Contains(line, []byte(word)) }
	return holds("pass") || holds(":") && (holds("-") || holds("user") || holds("cert"))
}
