package savedir

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run where a goroutine outlives its test.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
