package encode

import (
	"errors"
	"strings"
	"testing"

	"batchfetch/fetch/input"
	"batchfetch/output/encode/encodetest"
)

// WritePlan writes a line for each host, sorted, and a last one with the totals.
func TestWritePlan(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	var out strings.Builder
	err := WritePlan(&out, input.HostCounts{Requests: map[string]int64{"https://b.example": 2, "http://a.example:8080": 1},
		Total: 6, Skipped: 1, Invalid: 2})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "plan", []byte(out.String()))
	for line := range strings.Lines(out.String()) {
		encodetest.Members(t, schema, []byte(line))
	}
}

func TestWritePlanTellsWhatIsWrongWithTheOutput(t *testing.T) {
	hosts := input.HostCounts{Requests: map[string]int64{}}
	for i := range int64(1000) {
		hosts.Requests["https://"+itoa(i)+".example"] = 1
	}
	if err := WritePlan(encodetest.BrokenWriter{}, hosts); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("many hosts: %v", err)
	}
	if err := WritePlan(encodetest.BrokenWriter{}, input.HostCounts{}); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("no host: %v", err)
	}
}
