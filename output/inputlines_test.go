package output_test

import (
	"strings"
	"testing"

	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// A line is UTF-8 whatever the input line is: other bytes become U+FFFD.
func TestUTF8WhateverTheInput(t *testing.T) {
	schema := encodetest.CompileSchema(t, encode.Schema())
	for _, c := range []struct{ name, line string }{
		{"in an id", "{\"url\":\"ftp://a/\",\"id\":\"caf\xe9\"}"},
		{"in meta", "{\"url\":\"ftp://a/\",\"meta\":{\"caf\xe9\":[\"\xff\"]}}"},
		{"in a JSON body", "{\"url\":\"ftp://a/\",\"body\":[\"caf\xe9\"]}"},
		{"in a text body", "{\"url\":\"ftp://a/\",\"body\":\"caf\xe9\"}"},
		{"in a header", "{\"url\":\"ftp://a/\",\"headers\":{\"x-a\":\"caf\xe9\"}}"},
		{"in a URL", "ftp://a/caf\xe9"},
		{"in a line that is nothing", "\xff\xfecaf\xe9"},
		{"beside a character that is escaped", "{\"url\":\"ftp://a/\",\"meta\":\"\xe9\u0085\x7f\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, line := range run(t, c.line) {
				encodetest.Members(t, schema, []byte(line))
			}
		})
	}
}

// Input that nests as deep as is allowed makes a Record that can be parsed.
func TestDeepNestingOfTheInput(t *testing.T) {
	deep := strings.Repeat("[", 9998) + strings.Repeat("]", 9998)
	for name, line := range map[string]string{
		"meta": `{"url":"ftp://a/","meta":` + deep + `}`,
		"body": `{"url":"ftp://a/","body":` + deep + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, line := range run(t, line) {
				encodetest.CheckLine(t, []byte(line))
			}
		})
		t.Run(name+" at its most", func(t *testing.T) {
			for _, line := range run(t, strings.Replace(line, deep, "["+deep+"]", 1)) {
				encodetest.CheckLine(t, []byte(line))
			}
		})
	}
}
