package cmd

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"batchfetch/cmd/hostsfile"
	"batchfetch/fetch"
)

// readHosts reads the file of --hosts, with the files that it names, into the options.
func readHosts(
	o *fetch.Options, name string, files *flagFiles, lookup func(name string) string, found *problems,
) {
	content, err := files.read("hosts", name)
	if err != nil {
		found.addError("hosts", err)
		return
	}
	lookup = lookupWithFiles(lookup)
	rules, mistakes := hostsfile.Parse(content, lookup)
	for _, m := range mistakes {
		where := name
		if m.Line > 0 {
			where = fmt.Sprintf("%s:%d", name, m.Line)
		}
		found.add("hosts", where+": "+m.Problem, m.Hint)
	}
	o.Hosts = rules
	if bytes.Contains(content, []byte("${@")) {
		o.RenewHosts = func(context.Context) (*fetch.HostRules, bool) {
			renewed, mistakes := hostsfile.Parse(content, lookup)
			return renewed, len(mistakes) == 0
		}
	}
}

// lookupWithFiles returns a lookup that has for @FILE the content of a regular file without the line break at its end.
func lookupWithFiles(lookup func(name string) string) func(string) string {
	return func(name string) string {
		file, isFile := strings.CutPrefix(name, "@")
		if !isFile {
			return lookup(name)
		}
		if !isRegular(file) {
			return ""
		}
		content, _ := readHeaderFile(file) // nil where it can't be read
		return strings.TrimRight(string(content), "\r\n")
	}
}
