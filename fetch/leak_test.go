package fetch

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // what runs in parallel mostly waits; -parallel on the command line wins
	goleak.VerifyTestMain(m)
}
