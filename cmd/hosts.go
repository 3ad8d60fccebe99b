package cmd

import (
	"fmt"

	"batchfetch/cmd/hostsfile"
	"batchfetch/fetch"
)

// readHosts reads the file of --hosts.
func readHosts(
	name string, files *flagFiles, lookup func(name string) string, found *problems,
) *fetch.HostRules {
	content, err := files.read("hosts", name)
	if err != nil {
		found.addError("hosts", err)
		return nil
	}
	rules, mistakes := hostsfile.Parse(content, lookup)
	for _, m := range mistakes {
		where := name
		if m.Line > 0 {
			where = fmt.Sprintf("%s:%d", name, m.Line)
		}
		found.add("hosts", where+": "+m.Problem, m.Hint)
	}
	return rules
}
