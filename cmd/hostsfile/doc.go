// Package hostsfile reads the file of --hosts: a YAML (or JSON) mapping of host patterns to settings of their requests.
//
//	content ── document.go ──► one YAML node, without aliases, tags and anchors
//	                │
//	           hostsfile.go ─► a fetch.HostRule for each host, and the line of each key
//	                │
//	           keys.go ──────► the fields of its fetch.HostSettings; variables.go expands ${NAME} in secrets
//	                │
//	           fetch.NewHostRules, which knows what the values mean and which pattern wins
//	                │
//	     *fetch.HostRules, or every Mistake sorted by line
//
// No Mistake quotes a value of the file: it may be a secret in the wrong place.
package hostsfile
