package journal

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run where a goroutine outlives its test, such as that of KeepSynced. For BenchmarkDurable it
// serves an origin.
func TestMain(m *testing.M) {
	if os.Getenv(originVariable) != "" {
		serveOrigin()
		return
	}
	goleak.VerifyTestMain(m)
}
