// Package storetest is a fixture for tests: what every cache.Store promises, as one suite. Nothing but tests imports
// it. It imports cache alone. The suite starts goroutines, all of which it waits for.
//
//	subject.go   Subject, and the entries and bodies that are stored in one and looked for
//	suite.go     Run, and what one user does with one key after another
//	many.go      several responses for one URL, several users at once, and what is too large
package storetest
