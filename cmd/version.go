package cmd

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version returns the module version that the binary was built from, 0.1.0 for a build from a checkout.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "0.1.0"
}

// newVersionCommand returns batchfetch version, which prints the same as batchfetch --version.
func newVersionCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(os.Stdout, "%s version %s\n", c.Root().Name(), version())
			*code = outputExit(err)
			return nil
		},
	}
}
