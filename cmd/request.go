package cmd

import (
	"slices"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/parse"
)

// readRequest reads -d, -H and -u, with the files that they name, into the options.
func readRequest(o *fetch.Options, f requestFlags, files *flagFiles, found *problems) {
	var err error
	o.Body, err = readData(f.data, files)
	found.addError("data", err)
	inherited, err := readHeaders(f.inherited, files)
	if err != nil {
		found.errors = append(found.errors, &usageError{
			environmentName("header") + " in the environment: " + err.Error(), parse.Hint(err),
		})
	}
	own, err := readHeaders(f.headers, files)
	found.addError("header", err)
	o.Header = overrideHeaders(inherited, own)
	o.RenewHeader = renewHeaders(f.inherited, f.headers)
	o.Username, o.Password, err = readUser(f.user, files)
	found.addError("user", err)
}

// checkBodyURL checks --url, which a shell may have left empty.
func checkBodyURL(f requestFlags, found *problems) {
	if f.bodyURL == "" {
		return
	}
	if _, err := fetch.Prepare(fetch.Request{URL: f.bodyURL}); err != nil {
		found.add("url", err.Error(), "write https://api.example.com/items")
	}
	if f.data != nil {
		found.add("url", "and --data exclude each other: each input line is a body", "leave out one of them")
	}
}

// readData joins the texts of -d by & as curl does. The content of a file loses its line breaks and NULs. The body is
// nil where there is no -d.
func readData(texts []string, files *flagFiles) ([]byte, error) {
	var body []byte
	for i, text := range texts {
		if i > 0 {
			body = append(body, '&')
		}
		if body == nil {
			body = []byte{}
		}
		name, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			body = append(body, text...)
			continue
		}
		content, err := files.read("data", name)
		if err != nil {
			return body, err
		}
		body = append(body, slices.DeleteFunc(content, func(b byte) bool { return b == '\r' || b == '\n' || b == 0 })...)
	}
	return body, nil
}

// readUser splits user:password, the content of a file where text starts with @.
func readUser(text string, files *flagFiles) (user, password string, err error) {
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := files.read("user", name)
		if err != nil {
			return "", "", err
		}
		text = strings.TrimRight(string(content), "\r\n")
	}
	user, password, _ = strings.Cut(text, ":")
	return user, password, nil
}
