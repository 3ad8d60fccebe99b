// Package loading writes the statements with which databases and data frames load a file of Records as a table.
//
//	Statement ──▸ readers.go: a reader's types and how it reads lines of JSON
//	   columns.go: the members of Records, one column each
package loading
