package output

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Progress starts goroutines: none may outlive its test.
func TestMain(m *testing.M) {
	if os.Getenv(originVariable) != "" {
		serveOrigin()
		return
	}
	goleak.VerifyTestMain(m)
}
