package cmd

import (
	"errors"
	"fmt"
	"strings"
)

// expandVariables puts the environment's values in place of ${NAME}. $${ is ${ as such, and any other $ is itself.
// A variable that is not set, or empty, is an error: a secret that is missing would show only as a 401.
func expandVariables(text string, lookup func(name string) string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			return out.String() + text, nil
		}
		if plain, escaped := strings.CutSuffix(before, "$"); escaped {
			out.WriteString(plain + "${")
			text = rest
			continue
		}
		name, rest, closed := strings.Cut(rest, "}")
		if !closed || !isVariable(name) {
			return "", &hintedError{"holds a ${ that begins no variable", "write ${NAME}, or $${ for the characters as such"}
		}
		value := lookup(name)
		if value == "" {
			return "", fmt.Errorf("the variable %s is not set in the environment, or empty", name)
		}
		if strings.ContainsAny(value, "\r\n") {
			return "", errors.New("the variable " + name + " holds a line break")
		}
		out.WriteString(before + value)
		text = rest
	}
}

// isVariable goes by POSIX: letters, digits and underscores, no digit in front.
func isVariable(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return name != "" && strings.Trim(name, letters+"0123456789") == "" && strings.ContainsRune(letters, rune(name[0]))
}
