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
			if _, err := os.Stdout.Write(encode.Schema()); err != nil {
				if errors.Is(err, syscall.EPIPE) {
					*code = exitPipe
					return nil
				}
				*code = printOutputError(os.Stderr, err)
			}
			return nil
		},
	}
}
