package encode

import (
	"bufio"
	"io"
	"strconv"

	"batchfetch/fetch/input"
)

// WritePlan writes a line of JSON for each host that a run would make requests to, and a last one with the totals.
func WritePlan(out io.Writer, hosts input.HostCounts) error {
	buffered := bufio.NewWriter(out)
	var line []byte
	for _, host := range sortedKeys(hosts.Requests) {
		line = appendString(append(line[:0], `{"type":"plan","host":`...), host)
		line = strconv.AppendInt(append(line, `,"requests":`...), hosts.Requests[host], 10)
		line = append(line, '}', '\n')
		if _, err := buffered.Write(line); err != nil {
			return err
		}
	}
	line = strconv.AppendInt(append(line[:0], `{"type":"plan","total":`...), hosts.Total, 10)
	line = strconv.AppendInt(append(line, `,"hosts":`...), int64(len(hosts.Requests)), 10)
	line = strconv.AppendInt(append(line, `,"skipped":`...), hosts.Skipped, 10)
	line = strconv.AppendInt(append(line, `,"invalid":`...), hosts.Invalid, 10)
	if _, err := buffered.Write(append(line, '}', '\n')); err != nil {
		return err
	}
	return buffered.Flush()
}
