//go:build !linux

package cmd_test

import "github.com/rogpeppe/go-internal/testscript"

func canMount() bool { return false }

// mountTmpfs is the command tmpfs.
func mountTmpfs(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("tmpfs: not here") }
