//go:build !linux

package cmd_test

import "github.com/rogpeppe/go-internal/testscript"

func canMount() bool { return false }

func tmpfs(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("tmpfs: not here") }
