package cmd

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"batchfetch/fetch/spelling"
)

//go:embed topics/*.txt
var topicFiles embed.FS

// A topic is a page of the manual, which batchfetch help NAME prints and of which batchfetch man makes a man page. In
// its text a line that starts with four spaces is verbatim, a short one without a full stop before a blank line is a
// heading, and one that starts with "- " an item of a list, which goes on in lines that start with two.
type topic struct {
	name, title, text string
}

// topics returns every topic, sorted by name.
func topics() []topic {
	files, err := fs.Glob(topicFiles, "topics/*.txt")
	if err != nil {
		panic(err) // the pattern is malformed
	}
	var all []topic
	for _, file := range files {
		content, err := topicFiles.ReadFile(file)
		if err != nil {
			panic(err) // the file is embedded
		}
		head, text, _ := strings.Cut(string(content), "\n\n")
		_, title, _ := strings.Cut(head, ": ")
		all = append(all, topic{strings.TrimSuffix(path.Base(file), ".txt"), strings.TrimSpace(title), text})
	}
	return all
}

// newHelpCommand returns batchfetch help, which prints a topic, the help of a command, or without an argument the list
// of both. Topics are no commands, so that files may have their names.
func newHelpCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC]",
		Short: "Print a topic of the manual, or list them",
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

// printHelp prints the topic, or the help of the command, of a name. The error for another one names the nearest.
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
	hint := "batchfetch help lists the topics"
	names := helpNames(c.Root())
	near := cmp.Or(spelling.Nearest(name, names), spelling.Nearest(strings.TrimSuffix(name, "y"), names)) // retry: retries
	if near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return &usageError{"there is no topic " + name, hint}
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

// topicList returns a line for each topic: its name and its title.
func topicList() string {
	var list strings.Builder
	for _, t := range topics() {
		fmt.Fprintf(&list, "  %-11s %s\n", t.name, t.title)
	}
	return list.String()
}
