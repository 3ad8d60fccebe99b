package cmd

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"batchfetch/fetch/spelling"
	"batchfetch/output/encode"
	"batchfetch/output/loading"
)

// newSchemaCommand returns batchfetch schema.
func newSchemaCommand(code *int) *cobra.Command {
	reader := ""
	c := &cobra.Command{
		Use:   "schema [--for READER [FILE]]",
		Short: "Print the JSON Schema of the output, or the statement that loads a file of it",
		Long: "Print the JSON Schema of the output, or with --for the statement with which a database loads a FILE of\n" +
			"it as the table records (help readers).",
		Args: cobra.MaximumNArgs(1),

		DisableFlagsInUseLine: true,

		RunE: func(_ *cobra.Command, args []string) error {
			text := encode.Schema()
			if reader != "" {
				statement, err := loadStatement(reader, args)
				if err != nil {
					return err
				}
				text = []byte(statement)
			} else if len(args) > 0 {
				return &usageError{"schema takes a file only with --for", "batchfetch schema --for duckdb FILE"}
			}
			_, err := stream{os.Stdout}.Write(text)
			*code = outputExit(err)
			return nil
		},
	}
	c.Flags().StringVar(&reader, "for", "", "print the statement for `READER`: "+strings.Join(loading.Readers(), ", "))
	completion := cobra.FixedCompletions(loading.Readers(), cobra.ShellCompDirectiveNoFileComp)
	_ = c.RegisterFlagCompletionFunc("for", completion) // fails only for an unknown flag
	return c
}

// loadStatement returns the statement with which a reader loads the file of args. The error for an unknown reader names
// the nearest.
func loadStatement(reader string, args []string) (string, error) {
	if !slices.Contains(loading.Readers(), reader) {
		hint := "it takes " + strings.Join(loading.Readers(), ", ")
		if near := spelling.Nearest(reader, loading.Readers()); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		return "", &usageError{fmt.Sprintf("--for is %q, for which there is no statement", reader), hint}
	}
	file := "FILE.jsonl"
	if len(args) > 0 && args[0] == "" {
		return "", &usageError{"the file name is empty", "leave it out for a placeholder"}
	}
	if len(args) > 0 {
		file = args[0]
	}
	statement, err := loading.Statement(reader, file)
	if err != nil {
		return "", &usageError{fmt.Sprintf("the file name %q %v", file, err), "give it another name"}
	}
	return statement, nil
}

// outputExit returns the exit code of a command that has written to standard output, and prints an error other than
// that its reader has gone.
func outputExit(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, syscall.EPIPE):
		return exitPipe
	}
	return printOutputError(os.Stderr, err)
}
