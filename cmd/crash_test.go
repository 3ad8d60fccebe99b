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

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var kills = flag.Int("kills", 25, "how often TestKilled kills each of its runs")

// A victim is a batch that is killed again and again, and the origin that it asks.
type victim struct {
	t      *testing.T
	rng    *rand.Rand
	dir    string
	flags  []string
	output string
	lines  []string // of the input: all but every 50th succeed
	served *servings
	killed int
}

// servings counts what an origin has answered in full, by path and query.
type servings struct {
	*httptest.Server
	mu    sync.Mutex
	whole map[string]int
	tries map[string]int
	came  chan struct{} // takes one word of each request
}

// flights is the -j of every run: what one kill may cost at most.
const flights = 8

// TestKilled kills the process at random moments and starts the same command again, on an input whose lines have changed places:
// in the end each success stands in the output once and whole, and each kill has cost no more than what flew at that instant.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
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
			served := newServings()
			defer served.Close()
			v := &victim{t: t, rng: rand.New(rand.NewPCG(seed, 0)), served: served, output: name, flags: flags}
			for round := 0; v.killed < *kills; round++ {
				v.batch(round)
			}
			t.Logf("%d kills", v.killed)
		})
	}
}

// batch runs one batch to its end, through kills.
func (v *victim) batch(round int) {
	v.dir = v.t.TempDir()
	v.lines = nil
	for n := range 400 {
		line := fmt.Sprintf(`{"url":"%s/%s/%d?round=%d","id":%d}`, v.served.URL, []string{"small", "small", "small", "redirect", "flaky"}[n%5], n, round, n)
		switch {
		case n%50 == 49:
			line = fmt.Sprintf("%s/gone/%d", v.served.URL, n)
		case n%40 == 7:
			line = fmt.Sprintf("%s/large/%d?round=%d", v.served.URL, n, round)
		case n%10 == 0 && n > 0: // asks the same as another
			line = v.lines[n-5]
		}
		v.lines = append(v.lines, line)
	}
	before, already := v.served.successes(), v.killed
	for span := 100 * time.Millisecond; !v.run(span); span += span / 10 { // so that a slow machine comes to the end, too
		v.killed++
	}
	v.check(already, before)
	v.rerun()
}

// run starts the command and kills it within a span, or returns true when it has ended by itself.
func (v *victim) run(span time.Duration) (ended bool) {
	v.t.Helper()
	v.rng.Shuffle(len(v.lines), func(i, j int) { v.lines[i], v.lines[j] = v.lines[j], v.lines[i] })
	v.served.forget()
	cmd, told := v.command()
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	alive := time.Duration(v.rng.Int64N(int64(span)))
	if v.rng.IntN(5) > 0 { // else it may still be looking at its journal
		select {
		case <-v.served.came:
		case err := <-done:
			done <- err
		}
	}
	select {
	case err := <-done:
		expectFailed(v.t, err, told.String())
		return true
	case <-time.After(alive):
	}
	_ = cmd.Process.Kill() // it may just have ended
	if err := <-done; cmd.ProcessState.Exited() {
		expectFailed(v.t, err, told.String())
		return true
	}
	return false
}

func (v *victim) command() (*exec.Cmd, *bytes.Buffer) {
	self, err := os.Executable()
	if err != nil {
		v.t.Fatal(err)
	}
	told := new(bytes.Buffer)
	cmd := exec.Command(self)
	cmd.Args = append([]string{"batchfetch", "--resume", "-o", v.output, "-j", fmt.Sprint(flights), "--retry-delay", "1ms"}, v.flags...)
	cmd.Dir, cmd.Stderr = v.dir, told
	cmd.Stdin = strings.NewReader(strings.Join(v.lines, "\n"))
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd, told
}

// expectFailed: the requests that fail are all that a run has to tell.
func expectFailed(t *testing.T, err error, told string) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Fatalf("ended with %v: %s", err, told)
	}
}

// check holds the output against the input, and what the origin was asked against the kills.
func (v *victim) check(already, before int) {
	v.t.Helper()
	var want, got []string
	for _, line := range v.lines {
		if !strings.Contains(line, "/gone/") {
			want = append(want, line)
		}
	}
	lines := bufio.NewScanner(v.open())
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		got = append(got, v.whole(lines.Bytes()))
	}
	if lines.Err() != nil {
		v.t.Fatal(lines.Err())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		v.t.Fatalf("%d successes, want %d: after %d kills the output is not what was asked", len(got), len(want), v.killed-already)
	}
	if left, err := filepath.Glob(filepath.Join(v.dir, "saved", ".*")); err != nil || len(left) > 0 {
		v.t.Errorf("kills have left %v (%v)", left, err)
	}
	twice := v.served.successes() - before - len(want)
	v.t.Logf("%d kills: %d of %d requests were answered twice", v.killed-already, twice, len(want))
	if most := (v.killed - already) * flights; twice > most {
		v.t.Errorf("%d requests were answered twice: more than the %d flights that %d kills could cost", twice, most, v.killed-already)
	}
}

// whole makes sure that a Record is, and returns the line that asked for it.
func (v *victim) whole(text []byte) string {
	v.t.Helper()
	var record struct {
		Type, URL, Path, SHA256 string
		ID                      json.RawMessage
		Body                    *string
		Bytes                   int
	}
	if err := json.Unmarshal(text, &record); err != nil {
		v.t.Fatalf("%v: %.200s", err, text)
	}
	body, err := []byte(nil), error(nil)
	switch {
	case record.Path != "":
		body, err = os.ReadFile(filepath.Join(v.dir, record.Path))
	case record.Body != nil:
		body = []byte(*record.Body)
	}
	sum := sha256.Sum256(body)
	if err != nil || record.Type != "success" || len(body) != record.Bytes || hex.EncodeToString(sum[:]) != record.SHA256 {
		v.t.Fatalf("%v, %d bytes: %.300s", err, len(body), text)
	}
	if record.ID == nil {
		return record.URL
	}
	return fmt.Sprintf(`{"url":"%s","id":%s}`, record.URL, record.ID)
}

// open returns the content of the output.
func (v *victim) open() io.Reader {
	text, err := os.ReadFile(filepath.Join(v.dir, v.output))
	if err != nil {
		v.t.Fatal(err)
	}
	in := io.Reader(bytes.NewReader(text))
	switch filepath.Ext(v.output) {
	case ".gz":
		in, err = gzip.NewReader(in)
	case ".zst":
		in, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return in
}

// rerun makes sure that nothing is asked once everything has succeeded.
func (v *victim) rerun() {
	v.t.Helper()
	v.lines = slices.DeleteFunc(v.lines, func(line string) bool { return strings.Contains(line, "/gone/") })
	name := filepath.Join(v.dir, v.output)
	text, err := os.ReadFile(name)
	if err != nil {
		v.t.Fatal(err)
	}
	v.served.forget()
	cmd, told := v.command()
	if err := cmd.Run(); err != nil || !strings.Contains(told.String(), `"exchanges":0`) {
		v.t.Fatalf("%v: %s", err, told)
	}
	if again, err := os.ReadFile(name); err != nil || !bytes.Equal(text, again) {
		v.t.Fatalf("the output of a complete batch has changed: %v", err)
	}
}

func newServings() *servings {
	s := &servings{whole: make(map[string]int), tries: make(map[string]int), came: make(chan struct{}, 1)}
	s.Server = httptest.NewServer(s)
	return s
}

// forget drops the word of requests that came before.
func (s *servings) forget() {
	select {
	case <-s.came:
	default:
	}
}

func (s *servings) successes() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.whole {
		n += times
	}
	return n
}

func (s *servings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case s.came <- struct{}{}:
	default:
	}
	time.Sleep(rand.N(4 * time.Millisecond))
	kind, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	s.tries[r.RequestURI]++
	tries := s.tries[r.RequestURI]
	s.mu.Unlock()
	body := "body of " + number + "\n"
	switch {
	case kind == "gone":
		w.WriteHeader(http.StatusGone)
		return
	case kind == "redirect":
		http.Redirect(w, r, "/small/"+number+"?"+r.URL.RawQuery, http.StatusFound)
		return
	case kind == "flaky" && tries%3 == 1:
		w.WriteHeader(http.StatusBadGateway)
		return
	case kind == "large":
		body = strings.Repeat(body, 3<<19/len(body))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if _, err := io.WriteString(w, body); err == nil {
		s.mu.Lock()
		s.whole[r.RequestURI]++
		s.mu.Unlock()
	}
}
