package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestQueueOfProcesses: four processes take from one queue, one of them is killed and started again, and another is
// killed for good; each URL has one Record, by merge where one of the killed had written it.
func TestQueueOfProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	redis, dir := serveRedis(t), t.TempDir()
	origin := &limitedOrigin{urls: make(map[string]int)}
	site := httptest.NewServer(origin)
	defer site.Close()
	const urls = 600
	var input strings.Builder
	for n := range urls {
		_, _ = fmt.Fprintf(&input, "%s/%d\n", site.URL, n)
	}
	writeFile(t, filepath.Join(dir, "urls.txt"), input.String(), 0o600)
	command := func(arguments ...string) (*exec.Cmd, *bytes.Buffer) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		c, stderr := exec.Command(self), new(bytes.Buffer)
		c.Args = append([]string{"batchfetch"}, arguments...)
		c.Env, c.Dir, c.Stderr = append(os.Environ(), "GORACE=atexit_sleep_ms=0"), dir, stderr
		return c, stderr
	}
	start := func(name string) (*exec.Cmd, *bytes.Buffer) {
		c, stderr := command("-j", "8", "--host-concurrency", "8", "--resume", "-o", name+".jsonl",
			"--failures", name+".failed", "redis://"+redis+"/0/jobs?group=pull&idle=10s")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c, stderr
	}
	kill := func(c *exec.Cmd) {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	}
	if push, says := command("push", "redis://"+redis+"/0/jobs", "urls.txt"); push.Run() != nil {
		t.Fatal(says)
	}
	names := []string{"a", "b", "c", "d"}
	processes, says := map[string]*exec.Cmd{}, map[string]*bytes.Buffer{}
	for _, name := range names {
		processes[name], says[name] = start(name)
	}
	for deadline := time.Now().Add(time.Minute); origin.arrived() < urls/3 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	kill(processes["a"])
	kill(processes["b"])
	processes["a"], says["a"] = start("a")
	for _, name := range []string{"a", "c", "d"} {
		if err := processes[name].Wait(); err != nil {
			t.Errorf("%s: %v: %s", name, err, says[name])
		}
	}
	if len(origin.urls) != urls || origin.arrived() > urls+4*16 {
		t.Errorf("%d URLs in %d requests, of %d URLs", len(origin.urls), origin.arrived(), urls)
	}
	merge, stderr := command("merge", "--expect", fmt.Sprint(urls), "a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl")
	merged, _ := merge.Output() // 3 where the one that is gone had written what was not acknowledged
	seen := map[string]bool{}
	for line := range bytes.Lines(merged) {
		var record struct{ URL string }
		if err := json.Unmarshal(line, &record); err != nil || seen[record.URL] {
			t.Errorf("%v: %s", err, line)
		}
		seen[record.URL] = true
	}
	if len(seen) != urls {
		t.Errorf("%d Records of %d URLs: %s", len(seen), urls, stderr)
	}
	t.Logf("%d requests; %s", origin.arrived(), strings.TrimSpace(stderr.String()))
}
