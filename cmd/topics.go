package cmd

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed topics/*.txt
var topicFiles embed.FS

// A topic is a page of the manual, which batchfetch help NAME prints and of which batchfetch man makes a man page. In
// its text a line that starts with four spaces is verbatim, a short one without a full stop before a blank line is a
// heading, and one that starts with "- " an item of a list.
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

// newTopicCommands returns a command for each topic. Without a Run they are no commands but pages of the help.
func newTopicCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, t := range topics() {
		commands = append(commands, &cobra.Command{Use: t.name, Short: t.title, Long: t.text})
	}
	return commands
}

// topicList returns a line for each topic: its name and its title.
func topicList() string {
	var list strings.Builder
	for _, t := range topics() {
		writeColumns(&list, "  help "+t.name, t.title)
	}
	return list.String()
}
