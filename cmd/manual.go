package cmd

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
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

// topicList returns a line for each topic: its name and its title.
func topicList() string {
	var list strings.Builder
	for _, t := range topics() {
		fmt.Fprintf(&list, "  %-11s %s\n", t.name, t.title)
	}
	return list.String()
}
