package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// execute parses the command line, runs its command and returns the exit code.
func execute(in *interrupts, args []string) int {
	code := exitOK
	root := newRootCommand(in, &code, args)
	addCommands(root, in, &code, args)
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
		return printOutputError(os.Stderr, err)
	}
	return printParseError(os.Stderr, err)
}

// addCommands adds the commands that args, the command line, may be for: those of which it has the name, and all where
// it asks for help or completion. The others would be a twentieth of the processor time of a run of one URL.
func addCommands(root *cobra.Command, in *interrupts, code *int, args []string) {
	all := slices.ContainsFunc(args, func(arg string) bool {
		return arg == "help" || arg == "completion" || strings.HasPrefix(arg, cobra.ShellCompRequestCmd)
	})
	for name, newCommand := range map[string]func() *cobra.Command{
		"demo":    func() *cobra.Command { return newDemoCommand(in, code) },
		"doctor":  func() *cobra.Command { return newDoctorCommand(in, code) },
		"merge":   func() *cobra.Command { return newMergeCommand(code) },
		"push":    func() *cobra.Command { return newPushCommand(in, code) },
		"report":  func() *cobra.Command { return newReportCommand(code) },
		"schema":  func() *cobra.Command { return newSchemaCommand(code) },
		"man":     func() *cobra.Command { return newManCommand(code) },
		"version": func() *cobra.Command { return newVersionCommand(code) },
	} {
		if all || slices.Contains(args, name) {
			root.AddCommand(newCommand())
		}
	}
	root.SetHelpCommand(newHelpCommand(code))
	root.CompletionOptions.DisableDefaultCmd = !all
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // which prints its help with code 0 where no shell is named
			c.Args = cobra.ArbitraryArgs
			c.RunE = refuseShell
		}
	}
}

// refuseShell returns the error of a completion command whose arguments name no shell that there is a script for.
func refuseShell(_ *cobra.Command, args []string) error {
	hint := "batchfetch completion bash, zsh, fish or powershell"
	if len(args) == 0 {
		return &usageError{"completion: no shell is named", hint}
	}
	return &usageError{fmt.Sprintf("completion: there is no script for %q", args[0]), hint}
}

// newRootCommand returns the command without a name, which runs a batch. It sets the exit code in code. line is the
// command line, from which flags are still to be parsed.
func newRootCommand(in *interrupts, code *int, line []string) *cobra.Command {
	s, found := new(settings), new(problems)
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
				_, _ = io.WriteString(c.OutOrStdout(), shortHelp) // to a terminal
				return nil
			}
			retryFlags := hasRequestFlags(c.Flags()) // those of the environment are still there for the next command
			findFlagsAsValues(c.Flags(), line, found)
			findEmptyValues(c.Flags(), os.LookupEnv, found)
			readEnvironment(c.Flags(), os.LookupEnv, found)
			s.queue = hasQueue(args)
			resolved := resolve(s, os.Getenv, found)
			if len(found.errors) > 0 {
				*code = printProblems(os.Stderr, found.errors)
				return nil
			}
			resolved.retryFlags = retryFlags
			warnStray(stream{os.Stderr}, resolved, strayVariables(c.Flags(), os.Environ(), os.LookupEnv))
			*code = runFetch(in, resolved, args)
			return nil
		},
	}
	register(root.Flags(), s, found)
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

// completeWords adds shell completion for flags whose value is one of a few words.
func completeWords(c *cobra.Command) {
	for flag, words := range map[string][]string{
		"body":     {"auto", "string", "json", "text", "base64", "none"},
		"http":     {"auto", "1.1", "2", "3"},
		"input":    {"auto", "lines", "csv", "tsv", "json", "sitemap"},
		"shard-by": {"host", "request"},
		"private":  {"redirects", "deny", "allow"},
		"progress": {"auto", "bar", "plain", "none"},
		"publish":  {"complete", "always"},
	} {
		complete := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
		_ = c.RegisterFlagCompletionFunc(flag, complete) // fails only for an unknown flag
	}
}

// hasRequestFlags reports whether a flag was given that says how to make requests, and not what becomes of a run.
func hasRequestFlags(flags *pflag.FlagSet) bool {
	has := false
	flags.Visit(func(f *pflag.Flag) {
		group := f.Annotations[groupKey]
		has = has || len(group) > 0 && !slices.Contains([]string{"output", "run", "messages"}, group[0])
	})
	return has
}
