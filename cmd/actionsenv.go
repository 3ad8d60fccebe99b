package cmd

// actionsFlags are what the environment says of a step of GitHub Actions.
type actionsFlags struct {
	isStep  bool
	summary string // the file of its job summary, to which several programs append; "" is none
}

// readActions reads the variables that the runner sets.
func readActions(lookup func(name string) string) actionsFlags {
	if lookup("GITHUB_ACTIONS") != "true" {
		return actionsFlags{}
	}
	return actionsFlags{isStep: true, summary: lookup("GITHUB_STEP_SUMMARY")}
}
