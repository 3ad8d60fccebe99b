package cmd_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// runManual runs commands one after the other in a directory of their own. Each call of batchfetch has to end with 0,
// 3 or, where it sets a limit for the run, 4; or with 141 before a reader that goes away.
func runManual(t *testing.T, commands []string) {
	dir := t.TempDir()
	proxy := prepareManual(t, dir)
	replaced := []string{"proxy.example.com:3128", proxy}
	if strings.Contains(strings.Join(commands, "\n"), "redis.example.com") {
		replaced = append(replaced, "redis.example.com", serveRedis(t))
	}
	for _, command := range commands {
		run := filepath.Join(dir, "run.sh")
		writeFile(t, run, strings.NewReplacer(replaced...).Replace(command)+"\n", 0o700)
		check := exec.CommandContext(t.Context(), "sh", "-n", run)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s\n%v: %s", command, err, out)
		}
		if cannotRun(command) {
			continue
		}
		calls := filepath.Join(dir, ".calls")
		_ = os.Remove(calls) // of the command before
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		shell := exec.CommandContext(ctx, "sh", run)
		shell.Dir, shell.Env, shell.WaitDelay = dir, manualEnvironment(dir, command, proxy, calls), time.Second
		out, err := shell.CombinedOutput()
		cancel()
		code := shell.ProcessState.ExitCode()
		codes, _ := os.ReadFile(calls)
		if code == 1 || code == 2 || code > 4 && code != 141 || code == 3 && !mayFail(command) {
			t.Errorf("%s\nends with %d, %v\n%s", command, code, err, out)
		}
		for _, code := range strings.Fields(string(codes)) {
			good := code == "0" || code == "141" || code == "3" && mayFail(command) ||
				code == "4" && strings.Contains(command, "--deadline")
			if !good {
				t.Errorf("%s\nbatchfetch ends with %s\n%s", command, code, out)
			}
		}
		if len(codes) == 0 && callsBatchfetch.MatchString(command) {
			t.Errorf("%s\nbatchfetch was not called\n%s", command, out)
		}
	}
}

// cannotRun reports whether a command needs a program that would reach out of the test, or is not installed.
func cannotRun(command string) bool {
	for _, match := range calledProgram.FindAllStringSubmatch(command, -1) {
		if _, err := exec.LookPath(match[1]); err != nil || match[1] != "jq" && match[1] != "man" && match[1] != "sqlite3" {
			return true
		}
	}
	return false
}

var calledProgram = regexp.MustCompile(`(?:^|[|;&=(] *|=\S* +)(kubectl|aws|go|git|man|jq|sqlite3) `)

// mayFail reports whether requests of a command fail here, as they are not sent to the proxy of the test, or parts of
// other machines are missing.
func mayFail(command string) bool {
	return goesAround(command) || strings.Contains(command, "socks5") || strings.Contains(command, "batchfetch merge")
}

// goesAround reports whether a command can't have the proxy of the environment.
func goesAround(command string) bool {
	return strings.Contains(command, "--unix-socket") || strings.Contains(command, "--private deny") ||
		strings.Contains(command, "-x ''")
}

// connectTime returns the --connect-timeout of a command: short where nobody answers.
func connectTime(command string) string {
	if mayFail(command) {
		return "2s"
	}
	return "1m"
}

// manualEnvironment returns the environment of a command in dir. A scheduler's variable is set where the command asks
// for it.
func manualEnvironment(dir, command, proxy, calls string) []string {
	environment := append(os.Environ(), "HOME="+dir, "TMPDIR="+dir, "GORACE=atexit_sleep_ms=0", exitLogVariable+"="+calls,
		"BATCHFETCH_CACERT="+filepath.Join(dir, "authority.pem"), "BATCHFETCH_RETRY_DELAY=10ms",
		"BATCHFETCH_CONNECT_TIMEOUT="+connectTime(command), "API_TOKEN=secret", "API_PASSWORD=secret", "API_KEY=secret",
		"PATH="+filepath.Join(dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"), "GITHUB_ACTIONS=")
	if !goesAround(command) && !strings.Contains(command, "_proxy=") {
		environment = append(environment, "BATCHFETCH_PROXY="+proxy)
	}
	if strings.HasPrefix(command, "batchfetch --shard auto/8") || strings.Contains(command, "--shard=auto/8") {
		environment = append(environment, "AWS_BATCH_JOB_ARRAY_INDEX=0")
	}
	return environment
}

func writeFile(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// prepareManual makes what the commands of the manual read, and an origin, and returns the address of its proxy.
func prepareManual(t *testing.T, dir string) string {
	o := newOrigin()
	t.Cleanup(o.close)
	handler := http.HandlerFunc(serveManual)
	plain, secure := httptest.NewServer(handler), httptest.NewUnstartedServer(handler)
	secure.EnableHTTP2, secure.Config.ErrorLog = true, discardLog()
	secure.StartTLS()
	o.servers = []*httptest.Server{plain, secure}
	proxy := httptest.NewServer(&httpProxy{origin: o})
	t.Cleanup(func() { proxy.CloseClientConnections(); proxy.Close() })
	writeFile(t, filepath.Join(dir, "authority.pem"), string(authorityOf(secure)), 0o600)
	writeManualFiles(t, dir)
	return proxy.Listener.Addr().String()
}

// serveManual answers every request with JSON, and links a second page to the first; a sitemap with a sitemap.
func serveManual(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/sitemap") {
		_, _ = w.Write([]byte("<urlset><url><loc>https://example.com/a</loc></url></urlset>"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"1"`)
	next := ""
	if r.URL.Query().Get("page") == "" {
		next = r.URL.Path + "?page=2"
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	_, _ = w.Write(manualPage(r.URL.Path, next))
}

// manualPage returns the body of a page whose next one has that URL.
func manualPage(path, next string) []byte {
	page, _ := json.Marshal(map[string]any{"path": path, "links": map[string]string{"next": next}}) // of strings
	return page
}

// writeManualFiles writes the files that the commands of the manual name.
func writeManualFiles(t *testing.T, dir string) {
	urls := "https://example.com/a\nhttps://api.example.com/item/1\nhttp://example.com/c?d=e\n"
	failure := `{"type":"failure","index":7,"url":"https://example.com/x","status":503,` +
		`"error":{"kind":"status","message":"503"},"attempts":4}` + "\n"
	job := `{"url":"https://api.example.com/jobs","method":"POST","body":{"q":1},"id":"a1"}` + "\n"
	for name, text := range map[string]string{
		"urls.txt": urls, "more.txt": urls, "jobs.jsonl": job, "items.jsonl": "{\"q\":1}\n{\"q\":2}\n",
		"failures.jsonl": failure, "failed.jsonl": failure, "token.txt": "Authorization: Bearer secret\n",
		"cookies.txt": "# Netscape HTTP Cookie File\nexample.com\tFALSE\t/\tTRUE\t0\tsession\tsecret\n",
		"hosts.yaml":  "api.example.com: {rate: 300/m, headers: {Authorization: \"Bearer ${API_TOKEN}\"}}\n",
		"user.txt":    "me:secret\n", ".netrc": "machine example.com login me password secret\n",
		"query.json": "{\"q\":1}\n",

		"curl.conf":    "# a comment\nurl = \"https://example.com/a\"\noutput = \"a\"\nnext\n--url https://example.com/b\n",
		"targets.http": "GET https://example.com/a\nAccept: */*\n\nDELETE https://example.com/b\n",
		"aria2.txt": "# a comment\nhttps://example.com/a\thttps://api.example.com/a\n  out=sub/a b.txt\n  dir=/tmp\n" +
			"https://example.com/b\n gid=0123456789abcdef\n",
		"files.meta4": `<metalink><file name="a"><url priority="1">https://example.com/a?b=1&amp;c=2</url></file></metalink>`,
		"page.har": "{\"log\": {\"entries\": [\n" + `{"request": {"method": "GET", "url": "https://example.com/a"}},` +
			`{"request": {"method": "POST", "url": "https://example.com/b", ` +
			`"postData": {"mimeType": "text/plain", "text": "q=1"}}}]}}`,
		"page.html": `<p><a href="https://example.com/a">one</a> (https://example.com/b)`,
		"index.cdxj": "!meta 0 {\"format\": \"cdxj\"}\n" +
			`com,example)/a 20260102030405 {"url": "https://example.com/a", "status": "200"}` + "\n",
		"index.xml": "<sitemapindex><sitemap><loc>https://example.com/sitemap-1.xml</loc></sitemap></sitemapindex>",
		"SHA256SUMS": fmt.Sprintf("%x  ./sub/a b.txt\n",
			sha256.Sum256(manualPage("/dist/sub/a b.txt", "/dist/sub/a b.txt?page=2"))),
		"fetch.txt":         "https://example.com/a\t-\tdata/sub/a b.txt\nhttps://example.com/b 12  data/b\n",
		"packages.txt":      "'https://example.com/pool/a_1%3a2_all.deb' a_1%3a2_all.deb 100 SHA256:0123\n",
		"package-lock.json": `{"packages": {"node_modules/a": {"resolved": "https://example.com/a.tgz", "n": 1}}}`,
		"list.m3u8":         "#EXTM3U\r\n#EXTINF:9,\r\na/1.ts\r\nhttps://example.com/2.ts\r\n",
	} {
		writeFile(t, filepath.Join(dir, name), text, 0o600)
	}
	for _, name := range []string{"bin", "pull"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(dir, "pull", "urls.txt"), urls, 0o600)
	writeFile(t, filepath.Join(dir, "pull", "failed.jsonl"), failure, 0o600)
	writeFile(t, filepath.Join(dir, "batchfetch"), "#!/bin/sh\nexec batchfetch \"$@\"\n", 0o700)
	for _, name := range []string{"load", "act-on"} {
		for _, below := range []string{".", "pull"} {
			writeFile(t, filepath.Join(dir, below, name), "#!/bin/sh\ntest -e \"$1\"\n", 0o700)
		}
	}
	for _, name := range []string{"urls.txt.gz", "urls.txt.zst", "pull/urls.txt.gz", "pull/urls.txt.zst", "more.txt.gz"} {
		if err := packText(urls, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(dir, "bin", "sbatch"), fakeSbatch, 0o700)
	writeFile(t, filepath.Join(dir, "bin", "srun"), fakeSrun, 0o700)
	writeFile(t, filepath.Join(dir, "bin", "qsub"), fakeQsub, 0o700)
	writeFile(t, filepath.Join(dir, "bin", "parallel"), fakeParallel, 0o700)
}

// Schedulers, as far as the manual uses them: sbatch runs the task 5 of 0-7, qsub that of 1-8, srun the last of its
// tasks, parallel one job after the other.
const (
	fakeSbatch = `#!/bin/sh
[ "$1" != --parsable ] || { echo 1; exec >/dev/null; }
while [ "$1" != --wrap ]; do shift; done
export SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=8 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7
exec sh -c "$2"
`
	fakeQsub = `#!/bin/sh
export SGE_TASK_ID=undefined
case "$*" in *-t*) export SGE_TASK_ID=5 SGE_TASK_FIRST=1 SGE_TASK_LAST=8 SGE_TASK_STEPSIZE=1 ;; esac
exec sh
`
	fakeSrun = `#!/bin/sh
[ "$1" = -n ] || exit
export SLURM_JOB_ID=1 SLURM_STEP_ID=0 SLURM_PROCID=$(($2 - 1)) SLURM_NTASKS=$2
shift 2
exec "$@"
`
	fakeParallel = `#!/bin/sh
total=$(cat >numbers; wc -l <numbers)
[ "$1" != --plus ] || shift
while read -r line; do
	sh -c "$(echo "$*" | sed "s/{}/$line/g; s/{##}/$total/g")" || exit
done <numbers
`
)
