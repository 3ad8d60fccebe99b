package output

import (
	"testing"

	"go.uber.org/goleak"
)

// Progress starts goroutines: none may outlive its test.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
