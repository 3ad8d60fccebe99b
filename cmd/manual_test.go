package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"batchfetch/cmd"
	"batchfetch/cmd/hostsfile"
)

// A manualBlock is consecutive verbatim lines of the manual.
type manualBlock struct {
	page  string
	line  int // 1-based, of the first
	lines []string
}

// TestManualCommands runs every command of the README, the topics and the help against an origin on loopback, and
// parses its other examples. A script, which begins with #!, is run as a whole; of other blocks each command in the
// same directory, after those before it.
func TestManualCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a hundred processes")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	commands := 0
	for _, block := range manualBlocks(t) {
		shell := block.commands(t)
		commands += len(shell)
		if len(shell) == 0 {
			continue
		}
		t.Run(fmt.Sprintf("%s:%d", filepath.Base(block.page), block.line), func(t *testing.T) {
			t.Parallel()
			runManual(t, shell)
		})
	}
	if commands < 90 {
		t.Errorf("only %d commands were found", commands)
	}
}

// wordsOfSpeech are words that the manual does not use of programs: it says request, announce, obey, in progress.
var wordsOfSpeech = regexp.MustCompile(`(?i)\b(asks?|asked|tells?|told|flights?|kept to|has it)\b`)

// TestManualPages: a topic has less than 80 lines of at most 100 columns, the README lines of at most 120. The words
// are those of the field.
func TestManualPages(t *testing.T) {
	for _, name := range manualPages(t) {
		lines := strings.Split(strings.TrimSuffix(readManual(t, name), "\n"), "\n")
		columns := 100
		if strings.HasSuffix(name, ".md") {
			columns = 120
		} else if len(lines) >= 80 {
			t.Errorf("%s has %d lines", name, len(lines))
		}
		for i, line := range lines {
			if word := wordsOfSpeech.FindString(line); word != "" {
				t.Errorf("%s:%d says %q: %s", name, i+1, word, line)
			}
			if utf8.RuneCountInString(line) > columns {
				t.Errorf("%s:%d has more than %d columns: %s", name, i+1, columns, line)
			}
			if strings.TrimRight(line, " \t") != line || strings.Contains(line, "\t") {
				t.Errorf("%s:%d has a tab, or space at its end", name, i+1)
			}
		}
	}
}

// TestManualFlags: each flag and variable that the manual names exists, and the help has the manual's words.
func TestManualFlags(t *testing.T) {
	help, err := exec.CommandContext(t.Context(), "batchfetch", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	if word := wordsOfSpeech.FindString(string(help)); word != "" {
		t.Errorf("the help says %q", word)
	}
	flag := regexp.MustCompile("(?:^|[\\s`(])(--[a-z][a-z0-9-]+)")
	variable := regexp.MustCompile(`BATCHFETCH_[A-Z0-9_]+`)
	for _, name := range manualPages(t) {
		text := readManual(t, name)
		for _, match := range flag.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(string(help), match[1]+" ") && !foreignFlags[match[1]] {
				t.Errorf("%s names %s, which does not exist", name, match[1])
			}
		}
		for _, word := range variable.FindAllString(text, -1) {
			name := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(word, "BATCHFETCH_"), "_", "-"))
			if !strings.Contains(string(help), "--"+name+" ") {
				t.Errorf("%s names %s, for which there is no flag", name, word)
			}
		}
	}
}

// foreignFlags are flags of other programs that the manual names.
var foreignFlags = map[string]bool{
	"--array": true, "--wrap": true, "--array-properties": true, "--job-definition": true, "--job-queue": true,
	"--job-name": true, "--sshlogin": true, "--plus": true, "--expect": true, "--parsable": true, "--requeue": true,
	"--dependency": true, "--joblog": true,
	"--queries-file": true, "--resume-failed": true, "--termseq": true, "--retry-strategy": true,
	"--max-length": true, "--collector": true, "--data-binary": true,
	"--parallel-max": true, "--parallel-max-host": true, "--retry": true, "--fail": true, "--fail-early": true,
	"--output-dir": true, "--etag-compare": true, "--limit-rate": true, "--warc-file": true, "--checksum": true,
	"--save-session": true, "--print-uris": true,
}

// manualPages returns the names of the files with the manual.
func manualPages(t *testing.T) []string {
	t.Helper()
	topics, err := filepath.Glob("topics/*.txt")
	if err != nil || len(topics) < 10 {
		t.Fatalf("%d topics, %v", len(topics), err)
	}
	return append(topics, "../README.md")
}

func readManual(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// manualBlocks returns the verbatim blocks of the README, the topics and both helps.
func manualBlocks(t *testing.T) []manualBlock {
	t.Helper()
	var blocks []manualBlock
	for _, name := range manualPages(t) {
		text := readManual(t, name)
		if strings.HasSuffix(name, ".md") {
			blocks = append(blocks, fencedBlocks(name, text)...)
		} else {
			blocks = append(blocks, indentedBlocks(name, text, "    ")...)
		}
	}
	help, err := exec.CommandContext(t.Context(), "batchfetch", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(help), "\nExamples:\n")
	blocks = append(blocks, indentedBlocks("help", examples, "  ")...)
	return append(blocks, indentedBlocks("short help", cmd.ShortHelp, "  ")...)
}

// indentedBlocks returns the blocks of lines that are indented. A Go program goes on after a blank line.
func indentedBlocks(page, text, indent string) []manualBlock {
	var blocks []manualBlock
	open := false
	for i, line := range strings.Split(text, "\n") {
		content, indented := strings.CutPrefix(line, indent)
		if open && line == "" && strings.HasPrefix(blocks[len(blocks)-1].lines[0], "package ") {
			indented = true
		}
		switch {
		case indented && !open:
			blocks = append(blocks, manualBlock{page, i + 1, nil})
			fallthrough
		case indented:
			last := &blocks[len(blocks)-1]
			last.lines = append(last.lines, content)
		}
		open = indented
	}
	return blocks
}

// fencedBlocks returns the blocks between the fences of a Markdown page.
func fencedBlocks(page, text string) []manualBlock {
	var blocks []manualBlock
	open := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			if open = !open; open {
				blocks = append(blocks, manualBlock{page, i + 2, nil})
			}
			continue
		}
		if open {
			last := &blocks[len(blocks)-1]
			last.lines = append(last.lines, line)
		}
	}
	return blocks
}

var (
	callsBatchfetch = regexp.MustCompile(`(?m)(^([A-Za-z_]+=\S+ )*|[|;&'] *)(exec )?(\./)?batchfetch( |$)`)
	cronFields      = regexp.MustCompile(`^(@[a-z]+|[0-9*/,-]+( +[0-9*/,-]+){4}) +`)
	unitSection     = regexp.MustCompile(`^\[(Unit|Timer)\]$`)
	yamlKey         = regexp.MustCompile(`^["*\w][-\w."*/:]*: |^["*\w][-\w."*/:]*:$`)
)

// commands returns what a shell runs of a block, and parses what is of another language.
func (b manualBlock) commands(t *testing.T) []string {
	t.Helper()
	text := strings.Join(b.lines, "\n") + "\n"
	switch first := b.lines[0]; {
	case strings.HasPrefix(first, "#!"):
		return []string{text}
	case strings.HasPrefix(text, "package "):
		buildProgram(t, b, text)
		return nil
	case first == "{":
		checkRecord(t, b, text)
		return nil
	case strings.HasPrefix(first, `{"`):
		for _, line := range b.lines {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s:%d is no JSON: %s", b.page, b.line, line)
			}
		}
		return nil
	case unitSection.MatchString(first):
		return b.unitCommands(t, text)
	case yamlKey.MatchString(first):
		return b.yamlCommands(t, text)
	case strings.HasPrefix(first, "$ "):
		var shell []string
		for _, line := range b.lines {
			if command, found := strings.CutPrefix(line, "$ "); found {
				shell = append(shell, command)
			}
		}
		return shell
	}
	var shell []string
	calls := false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if line = strings.TrimSpace(cronFields.ReplaceAllString(line, "")); line != "" && line[0] != '#' {
			shell = append(shell, line)
			calls = calls || callsBatchfetch.MatchString(line) || strings.HasPrefix(line, "go run . ")
		}
	}
	if !calls {
		return nil
	}
	return shell
}

// checkRecord checks a Record over several lines by the schema.
func checkRecord(t *testing.T, b manualBlock, text string) {
	t.Helper()
	shape, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = shape.Validate(value)
	}
	if err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
	}
}

// yamlCommands returns the commands in a YAML example: of CI and containers. Another one is a --hosts file.
func (b manualBlock) yamlCommands(t *testing.T, text string) []string {
	t.Helper()
	var document map[string]any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
		return nil
	}
	var shell []string
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, each := range node {
				walk(each)
			}
		case map[string]any:
			for key, value := range node {
				run, isText := value.(string)
				list, isList := value.([]any)
				switch {
				case key == "run" && isText:
					shell = append(shell, run)
				case key == "command" && isList && list[0] != "sh":
					shell = append(shell, "'"+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(list)), "' '"), "[]")+"'")
				case (key == "command" || key == "script") && isList:
					shell = append(shell, fmt.Sprint(list[len(list)-1]))
				default:
					walk(value)
				}
			}
		}
	}
	walk(document)
	if len(shell) > 0 {
		return shell
	}
	_, mistakes := hostsfile.Parse([]byte(text), func(name string) string { return "value of " + name })
	for _, mistake := range mistakes {
		t.Errorf("%s:%d: %s", b.page, b.line+mistake.Line-1, mistake.Problem)
	}
	return nil
}

// unitCommands returns the command of a unit of systemd, which it verifies where systemd is installed.
func (b manualBlock) unitCommands(t *testing.T, text string) []string {
	t.Helper()
	batchfetch, err := exec.LookPath("batchfetch")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	service, timer := filepath.Join(dir, "pull.service"), filepath.Join(dir, "pull.timer")
	_, command, isService := strings.Cut(text, "ExecStart=/usr/bin/")
	unit := timer
	if isService {
		unit = service
	} else {
		writeFile(t, service, "[Service]\nExecStart="+batchfetch+"\n", 0o600)
	}
	writeFile(t, unit, strings.Replace(text, "/usr/bin/batchfetch", batchfetch, 1), 0o600)
	if analyze, err := exec.LookPath("systemd-analyze"); err == nil {
		// keys that it does not know are no failure of it; other lines are about units that the machine has
		out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("pull.")) {
			t.Errorf("%s:%d: %v\n%s", b.page, b.line, err, out)
		}
	}
	if !isService {
		return nil
	}
	command, _, _ = strings.Cut(command, "\n")
	return []string{command}
}

// buildProgram builds an example program of the library.
func buildProgram(t *testing.T, b manualBlock, text string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, source).CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v\n%s", b.page, b.line, err, out)
	}
}
