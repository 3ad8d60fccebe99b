package hostsfile

import (
	"errors"
	"fmt"
	"strings"

	"batchfetch/fetch/parse"
)

// expandVariables replaces ${NAME} by the value of the variable and ${@FILE} by the content of a file, both by lookup;
// $${ becomes ${, and any other $ stays. Values are not expanded again. One that is not there, or empty, is an error:
// otherwise a missing secret would be sent as an empty one and show only as a 401. No error quotes a value.
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
		file, isFile := strings.CutPrefix(name, "@")
		if !closed || !isVariable(name) && (!isFile || file == "") {
			return "", &parse.Error{
				Problem: "holds a ${ that begins no variable",
				Hint:    "write ${NAME} or ${@FILE}, or $${ for the characters as such",
			}
		}
		value := lookup(name)
		switch {
		case value == "" && isFile:
			return "", fmt.Errorf("the file %s can't be read, or is empty", file)
		case value == "":
			return "", fmt.Errorf("the variable %s is not set in the environment, or empty", name)
		case strings.ContainsAny(value, "\r\n"):
			return "", errors.New("the variable " + name + " holds a line break")
		}
		out.WriteString(before + value)
		text = rest
	}
}

// isVariable reports whether name is one by POSIX: letters, digits and underscores, not starting with a digit.
func isVariable(name string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return name != "" && strings.Trim(name, letters+"0123456789") == "" && strings.ContainsRune(letters, rune(name[0]))
}
