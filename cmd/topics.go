package cmd

import (
	"cmp"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"batchfetch/fetch/spelling"
)

// newHelpCommand returns batchfetch help, which prints a topic, the help of a command, or without an argument the list
// of both. Topics are no commands, so that files may have their names.
func newHelpCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC | FLAG]",
		Short: "Print a topic of the manual or a flag, or list the topics",
		Args:  cobra.MaximumNArgs(1),

		DisableFlagsInUseLine: true,

		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := io.WriteString(c.OutOrStdout(), helpUsage+commandList+"\nTopics:\n"+topicList()+
					"\nbatchfetch help TOPIC prints one; batchfetch --help lists every flag.\n")
				*code = outputExit(err)
				return nil
			}
			return printHelp(c, args[0], code)
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return helpNames(c.Root()), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// printHelp prints the topic, the help of the command, or that of the flag of a run, of a name. The error for another
// one names the nearest.
func printHelp(c *cobra.Command, name string, code *int) error {
	for _, t := range topics() {
		if t.name == name {
			_, err := io.WriteString(c.OutOrStdout(), t.title+"\n\n"+t.text)
			*code = outputExit(err)
			return nil
		}
	}
	for _, command := range c.Root().Commands() {
		if command.Name() == name {
			return command.Help()
		}
	}
	if f := c.Root().Flags().Lookup(name); f != nil {
		text := new(strings.Builder)
		writeFlag(text, f)
		_, err := io.WriteString(c.OutOrStdout(), text.String())
		*code = outputExit(err)
		return nil
	}
	hint := "batchfetch help lists the topics"
	names := helpNames(c.Root())
	near := cmp.Or(spelling.Nearest(name, names), spelling.Nearest(strings.TrimSuffix(name, "y"), names), // retry: retries
		spelling.Nearest(strings.TrimLeft(name, "-"), flagNames(c.Root())))
	if near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return &usageError{"there is no topic or flag " + name, hint}
}

// helpNames returns the names of all topics and commands.
func helpNames(root *cobra.Command) []string {
	var names []string
	for _, t := range topics() {
		names = append(names, t.name)
	}
	for _, command := range root.Commands() {
		if !command.Hidden {
			names = append(names, command.Name())
		}
	}
	return names
}
