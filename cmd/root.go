package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	root.AddCommand(newDemoCommand(in, &code), newSchemaCommand(&code), newShardingTopic())
	root.SetArgs(args)
	root.SetFlagErrorFunc(describeFlagError)
	err := root.Execute()
	var unwritable *fs.PathError
	switch {
	case err == nil:
		return code
	case errors.Is(err, syscall.EPIPE):
		return exitPipe
	case errors.As(err, &unwritable): // a completion script, to a full disk
		return tellOutput(os.Stderr, err)
	}
	return tellUsage(os.Stderr, err)
}

// describeFlagError leaves out what was written together with a flag that does not exist: -psecret, as other programs have it.
func describeFlagError(_ *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "" {
		first, _ := utf8.DecodeRuneInString(unknown.GetSpecifiedName())
		return fmt.Errorf("unknown flag: -%c", first)
	}
	var broken *pflag.InvalidSyntaxError
	if errors.As(err, &broken) {
		return errors.New("a flag without a name")
	}
	return err
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
			s.takeProxies()
			if wrong := s.resolve(); len(wrong) > 0 {
				*code = tellProblems(os.Stderr, wrong)
				return nil
			}
			*code = runFetch(in, s, args)
			return nil
		},
	}
	register(root, s)
	root.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault // files
	}
	completeWords(root)
	root.SetHelpFunc(help)
	root.SetUsageFunc(func(c *cobra.Command) error {
		help(c, nil)
		return nil
	})
	root.CompletionOptions.HiddenDefaultCmd = false
	return root
}

// completeWords offers the words of the flags that take one of a few.
func completeWords(c *cobra.Command) {
	for flag, words := range map[string][]string{
		"body":     {"auto", "text", "base64", "none"},
		"http":     {"auto", "1.1", "2"},
		"private":  {"redirects", "deny", "allow"},
		"progress": {"auto", "bar", "plain", "none"},
	} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	}
}
