package cmd_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var kills = flag.Int("kills", 25, "how often TestKilled kills each of its runs")

// A killedRun is a command with --resume that is killed and started again until it has ended by itself.
type killedRun struct {
	t      *testing.T
	rng    *rand.Rand
	dir    string
	flags  []string
	output string
	lines  []string // of the input: all but every 50th succeed
	origin *countingOrigin
	killed int
}

// concurrency is the -j of every run: how many requests one kill may repeat at most.
const concurrency = 8

// TestKilled kills the process at random moments and starts the same command again, with the input lines in another
// order: in the end each success is in the output once and whole, and each kill has repeated no more requests than were
// in flight.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for name, flags := range map[string][]string{
		"out.jsonl":     nil,
		"out.jsonl.gz":  nil,
		"out.jsonl.zst": {"--headers"},
		"saved.jsonl":   {"-P", "saved", "--name", "{base}-{index}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			origin := newCountingOrigin()
			defer origin.Close()
			k := &killedRun{t: t, rng: rand.New(rand.NewPCG(seed, 0)), origin: origin, output: name, flags: flags}
			for round := 0; k.killed < *kills; round++ {
				k.runBatch(round)
			}
			t.Logf("%d kills", k.killed)
		})
	}
}

// runBatch runs one batch to its end, through kills.
func (k *killedRun) runBatch(round int) {
	k.dir = k.t.TempDir()
	k.lines = nil
	for n := range 400 {
		page := []string{"small", "small", "small", "redirect", "flaky"}[n%5]
		line := fmt.Sprintf(`{"url":"%s/%s/%d?round=%d","id":%d}`, k.origin.URL, page, n, round, n)
		switch {
		case n%50 == 49:
			line = fmt.Sprintf("%s/gone/%d", k.origin.URL, n)
		case n%40 == 7:
			line = fmt.Sprintf("%s/large/%d?round=%d", k.origin.URL, n, round)
		case n%10 == 0 && n > 0: // equal to another line
			line = k.lines[n-5]
		}
		k.lines = append(k.lines, line)
	}
	before, already := k.origin.successes(), k.killed
	for span := 100 * time.Millisecond; !k.runOrKill(span); span += span / 10 { // grows until a slow machine ends, too
		k.killed++
	}
	k.check(already, before)
	k.rerun()
}

// runOrKill starts the command and kills it within span, or returns true if it has ended by itself.
func (k *killedRun) runOrKill(span time.Duration) (ended bool) {
	k.t.Helper()
	k.rng.Shuffle(len(k.lines), func(i, j int) { k.lines[i], k.lines[j] = k.lines[j], k.lines[i] })
	k.origin.forgetArrived()
	cmd, stderr := k.command()
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	alive := time.Duration(k.rng.Int64N(int64(span)))
	if k.rng.IntN(5) > 0 { // else it may be killed while it reads its journal
		select {
		case <-k.origin.arrived:
		case err := <-done:
			done <- err
		}
	}
	select {
	case err := <-done:
		expectFailed(k.t, err, stderr.String())
		return true
	case <-time.After(alive):
	}
	_ = cmd.Process.Kill() // it may just have ended
	if err := <-done; cmd.ProcessState.Exited() {
		expectFailed(k.t, err, stderr.String())
		return true
	}
	return false
}

// command returns the command, not started, and its standard error.
func (k *killedRun) command() (*exec.Cmd, *bytes.Buffer) {
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	stderr := new(bytes.Buffer)
	cmd := exec.Command(self)
	cmd.Args = append([]string{
		"batchfetch", "--resume", "-o", k.output, "-j", fmt.Sprint(concurrency), "--retry-delay", "1ms",
	}, k.flags...)
	cmd.Dir, cmd.Stderr = k.dir, stderr
	cmd.Stdin = strings.NewReader(strings.Join(k.lines, "\n"))
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd, stderr
}

// expectFailed expects exit code 3: some requests have failed, and nothing else.
func expectFailed(t *testing.T, err error, stderr string) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Fatalf("ended with %v: %s", err, stderr)
	}
}

// check compares the output with the input, and the number of repeated requests with that of kills.
func (k *killedRun) check(already, before int) {
	k.t.Helper()
	var want, got []string
	for _, line := range k.lines {
		if !strings.Contains(line, "/gone/") {
			want = append(want, line)
		}
	}
	lines := bufio.NewScanner(k.open())
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		got = append(got, k.requestOf(lines.Bytes()))
	}
	if lines.Err() != nil {
		k.t.Fatal(lines.Err())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		k.t.Fatalf("%d successes, want %d: after %d kills the output is not what was asked",
			len(got), len(want), k.killed-already)
	}
	if left, err := filepath.Glob(filepath.Join(k.dir, "saved", ".*")); err != nil || len(left) > 0 {
		k.t.Errorf("kills have left %v (%v)", left, err)
	}
	twice := k.origin.successes() - before - len(want)
	k.t.Logf("%d kills: %d of %d requests were answered twice", k.killed-already, twice, len(want))
	if most := (k.killed - already) * concurrency; twice > most {
		k.t.Errorf("%d requests were answered twice: more than the %d that %d kills may repeat",
			twice, most, k.killed-already)
	}
}

// requestOf expects a Record with a whole body, and returns the input line of its request.
func (k *killedRun) requestOf(text []byte) string {
	k.t.Helper()
	var record struct {
		Type, URL, Path, SHA256 string
		ID                      json.RawMessage
		Body                    *string
		Bytes                   int
	}
	if err := json.Unmarshal(text, &record); err != nil {
		k.t.Fatalf("%v: %.200s", err, text)
	}
	body, err := []byte(nil), error(nil)
	switch {
	case record.Path != "":
		body, err = os.ReadFile(filepath.Join(k.dir, record.Path))
	case record.Body != nil:
		body = []byte(*record.Body)
	}
	sum := sha256.Sum256(body)
	isWhole := len(body) == record.Bytes && hex.EncodeToString(sum[:]) == record.SHA256
	if err != nil || record.Type != "success" || !isWhole {
		k.t.Fatalf("%v, %d bytes: %.300s", err, len(body), text)
	}
	if record.ID == nil {
		return record.URL
	}
	return fmt.Sprintf(`{"url":"%s","id":%s}`, record.URL, record.ID)
}

// open returns the decompressed content of the output.
func (k *killedRun) open() io.Reader {
	text, err := os.ReadFile(filepath.Join(k.dir, k.output))
	if err != nil {
		k.t.Fatal(err)
	}
	in := io.Reader(bytes.NewReader(text))
	switch filepath.Ext(k.output) {
	case ".gz":
		in, err = gzip.NewReader(in)
	case ".zst":
		in, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return in
}

// rerun expects that the command fetches nothing once every request has succeeded.
func (k *killedRun) rerun() {
	k.t.Helper()
	k.lines = slices.DeleteFunc(k.lines, func(line string) bool { return strings.Contains(line, "/gone/") })
	text, err := io.ReadAll(k.open())
	if err != nil {
		k.t.Fatal(err)
	}
	k.origin.forgetArrived()
	cmd, stderr := k.command()
	if err := cmd.Run(); err != nil || !strings.Contains(stderr.String(), `"exchanges":0`) {
		k.t.Fatalf("%v: %s", err, stderr)
	}
	if again, err := io.ReadAll(k.open()); err != nil || !bytes.Equal(text, again) {
		k.t.Fatalf("the output of a complete batch has changed: %v", err)
	}
}
