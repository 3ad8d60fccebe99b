package cmd

import (
	"errors"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"batchfetch/output/encode"
)

// newSchemaCommand returns batchfetch schema.
func newSchemaCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the output",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := stream{os.Stdout}.Write(encode.Schema())
			*code = outputExit(err)
			return nil
		},
	}
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
