package encode

import (
	"encoding/json"
	"strconv"
	"testing"

	"batchfetch/fetch"
)

// render returns the line of r.
func render(r *fetch.Record, mode BodyMode) []byte { return AppendRecord(nil, r, Layout{Body: mode}) }

// rawMember returns the text of a top-level member of line.
func rawMember(t testing.TB, line []byte, name string) string {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return string(object[name])
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
