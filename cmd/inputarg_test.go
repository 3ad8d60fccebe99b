package cmd

import (
	"slices"
	"testing"
)

// TestCommandNames: commandNames are the commands that there are.
func TestCommandNames(t *testing.T) {
	var code int
	root := newRootCommand(nil, &code, nil)
	addCommands(root, nil, &code, []string{"help"})
	root.InitDefaultHelpCmd()
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	slices.Sort(names)
	if !slices.Equal(names, commandNames) {
		t.Errorf("they are %q, listed are %q", names, commandNames)
	}
}
