package cmd_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A limitedOrigin counts its requests, and how many there are at once.
type limitedOrigin struct {
	mu           sync.Mutex
	at           []time.Time
	urls         map[string]int
	active, most int
}

func (o *limitedOrigin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.at = append(o.at, time.Now())
	o.urls[r.URL.Path]++
	o.active++
	o.most = max(o.most, o.active)
	o.mu.Unlock()
	time.Sleep(15 * time.Millisecond)
	o.mu.Lock()
	o.active--
	o.mu.Unlock()
	_, _ = fmt.Fprintln(w, "ok")
}

// arrived returns how many requests have come.
func (o *limitedOrigin) arrived() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.at)
}

// worst returns the most requests in any second.
func (o *limitedOrigin) worst() (most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.SortFunc(o.at, time.Time.Compare)
	first := 0
	for i, at := range o.at {
		for at.Sub(o.at[first]) > time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// TestLimitsOfProcesses: four processes request of one host at the rate and the width of one, and one that is killed
// and started again costs the others nothing and no URL.
func TestLimitsOfProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	redis, dir := serveRedis(t), t.TempDir()
	origin := &limitedOrigin{urls: make(map[string]int)}
	site := httptest.NewServer(origin)
	defer site.Close()
	const urls, rate = 600, 200
	var input strings.Builder
	for n := range urls {
		_, _ = fmt.Fprintf(&input, "%s/%d\n", site.URL, n)
	}
	if err := os.WriteFile(filepath.Join(dir, "urls.txt"), []byte(input.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(part int) (*exec.Cmd, *bytes.Buffer) {
		t.Helper()
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		c, stderr := exec.Command(self), new(bytes.Buffer)
		c.Args = []string{"batchfetch", "--shard", fmt.Sprintf("%d/4", part), "--shard-by", "request", "--host-rate",
			fmt.Sprintf("%d/s", rate), "--host-concurrency", "8", "--resume", "-o", "part-{shard}.jsonl", "urls.txt"}
		c.Env = append(os.Environ(), "BATCHFETCH_LIMITS=redis://"+redis, "GORACE=atexit_sleep_ms=0")
		c.Dir, c.Stderr = dir, stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c, stderr
	}
	began := time.Now()
	processes, says := make([]*exec.Cmd, 5), make([]*bytes.Buffer, 5)
	for part := 1; part <= 4; part++ {
		processes[part], says[part] = start(part)
	}
	for deadline := began.Add(time.Minute); origin.arrived() < urls/4 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	_ = processes[2].Process.Kill()
	_ = processes[2].Wait() // it was killed
	processes[2], says[2] = start(2)
	for part := 1; part <= 4; part++ {
		if err := processes[part].Wait(); err != nil {
			t.Errorf("part %d: %v: %s", part, err, says[part])
		}
	}
	took := time.Since(began)
	if len(origin.urls) != urls || origin.arrived() > urls+8 {
		t.Errorf("%d URLs in %d requests, of %d URLs", len(origin.urls), origin.arrived(), urls)
	}
	if origin.most > 8 {
		t.Errorf("%d requests at once", origin.most)
	}
	if least := time.Duration(float64(urls-1) / rate * float64(time.Second)); took < least {
		t.Errorf("%d requests at %d/s took %s", urls, rate, took)
	}
	t.Logf("%d requests in %s: at most %d at once, %d in a second", origin.arrived(), took, origin.most, origin.worst())
}
