package cmd

// The exit codes: a contract with scripts, in the help and the README.
const (
	exitOK      = 0
	exitBroken  = 1   // the run itself broke: an output that can't be written, an input that broke off
	exitUsage   = 2   // the command line can't be used; nothing was fetched
	exitFailed  = 3   // finished, some requests failed
	exitStopped = 4   // by --fail-fast, --max-failures or --deadline
	exitInt     = 130 // SIGINT
	exitQuit    = 131 // SIGQUIT
	exitPipe    = 141 // standard output is a closed pipe
)

// signalBase is what a shell adds to the number of a signal to make an exit code of it, as is done here for endSignals.
const signalBase = 128
