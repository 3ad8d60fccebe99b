package fetch

import "testing"

// TestTiming checks that the Record of a first exchange has all its times, and that of a reused connection no times of
// connecting.
func TestTiming(t *testing.T) {
	url, o := startTLSServer(t, false, respondProtocol)
	o.KeepTiming, o.KeepHeader, o.Concurrency = true, true, 1
	var sink recorder
	if _, err := Run(t.Context(), linesOf(url, url), &sink, o); err != nil {
		t.Fatal(err)
	}
	first, second := sink.records[0], sink.records[1]
	if step := first.Timing; step == nil || step.Connect <= 0 || step.TLS <= 0 || step.FirstByte <= 0 || step.Body < 0 ||
		step.DNS > 0 {
		t.Errorf("first: %+v", first.Timing)
	}
	if step := second.Timing; step == nil || step.Connect >= 0 || step.TLS >= 0 || step.FirstByte <= 0 {
		t.Errorf("second: %+v", second.Timing)
	}
	if first.Header.Get("Content-Length") != "8" || first.ContentType == "" {
		t.Errorf("header %v", first.Header)
	}
}
