package cmd

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"batchfetch/output/encode"
	"batchfetch/output/terminal"
)

// printError writes an error and its hint in the form of the terminal. Both pass through encode.Printable, as they may
// quote a server or an input.
func printError(w io.Writer, problem, hint string) {
	text := "batchfetch: error: " + encode.Printable(problem) + "\n"
	if hint != "" {
		text += "batchfetch: hint: " + encode.Printable(hint) + "\n"
	}
	_, _ = io.WriteString(w, text) // standard error is the last place for an error
}

// printNotice writes a line that is no error, and its hint; "" is none.
func printNotice(w io.Writer, text, hint string) {
	text = "batchfetch: " + encode.Printable(text) + "\n"
	if hint != "" {
		text += "batchfetch: hint: " + encode.Printable(hint) + "\n"
	}
	_, _ = io.WriteString(w, text) // as in printError
}

// printProblems writes every error of a command line and returns exitUsage.
func printProblems(w io.Writer, problems []error) int {
	for _, problem := range problems {
		printError(w, problem.Error(), hintFor(problem))
	}
	return exitUsage
}

// printParseError writes an error of the flag parser and returns exitUsage.
func printParseError(w io.Writer, err error) int {
	printError(w, err.Error(), cmp.Or(hintFor(err), "batchfetch --help lists every flag"))
	return exitUsage
}

// printOutputError writes why an output can't be opened or written. It returns exitUsage for errors of the command line
// and exitBroken for others.
func printOutputError(w io.Writer, err error) int {
	var usage *usageError
	if errors.As(err, &usage) {
		return printProblems(w, flatten(err))
	}
	printError(w, err.Error(), outputHint(err))
	return exitBroken
}

// writeMessage writes a message of a run: in words for a person, else as a log Record.
func writeMessage(w io.Writer, inWords bool, level slog.Level, text, hint string) {
	switch {
	case inWords && level == slog.LevelError:
		printError(w, text, hint)
		return
	case inWords:
		printNotice(w, text, hint)
		return
	}
	var attrs []slog.Attr
	if hint != "" {
		attrs = append(attrs, slog.String("hint", hint))
	}
	slog.New(terminal.NewLogHandler(w, level, false)).LogAttrs(context.Background(), level, text, attrs...)
}

// reportUnlocked writes a message to standard error past the lock of a console, which a blocked write may hold.
func reportUnlocked(inWords bool, level slog.Level, text string) {
	writeMessage(os.Stderr, inWords, level, text, "")
}

// truncate cuts a text at 100 characters, for one line of a terminal.
func truncate(text string) string {
	const most = 100
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
