package cmd

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// version returns what the binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "0.1.0"
}

// execute parses and runs the command line.
func execute(in *interrupts, args []string) int {
	code := exitOK
	root := newRootCommand(in, &code)
	root.AddCommand(newDemoCommand(in, &code), newSchemaCommand(&code))
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		return tellUsage(os.Stderr, err)
	}
	return code
}

func newRootCommand(in *interrupts, code *int) *cobra.Command {
	s := new(settings)
	root := &cobra.Command{
		Use:           "batchfetch [flags] [FILE | URL | -]...",
		Short:         "Give it URLs, get JSON lines",
		Version:       version(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && term.IsTerminal(int(os.Stdin.Fd())) {
				*code = exitUsage
				return c.Help()
			}
			fromEnvironment(c.Flags(), &s.notes)
			if wrong := s.resolve(); len(wrong) > 0 {
				*code = tellProblems(os.Stderr, wrong)
				return nil
			}
			*code = runFetch(in, s, args)
			return nil
		},
	}
	register(root, s)
	root.SetHelpFunc(help)
	root.SetUsageFunc(func(c *cobra.Command) error {
		help(c, nil)
		return nil
	})
	root.CompletionOptions.HiddenDefaultCmd = false
	return root
}
