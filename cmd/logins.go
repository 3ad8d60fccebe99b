package cmd

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/login"
)

// readLogins reads --aws-sigv4 and --oauth2-bearer into the options. What excludes each other of them, --digest and a
// header Authorization is found by fetch.Options.Validate.
func readLogins(
	o *fetch.Options, f requestFlags, files *flagFiles, lookup func(name string) string, found *problems,
) {
	if f.sigV4 != "" {
		scope, err := login.ParseScope(f.sigV4)
		found.addError("aws-sigv4", err)
		o.SigV4 = &fetch.SigV4{Scope: scope, Keys: login.KeysFrom(lookup)}
	}
	if f.bearer == "" {
		return
	}
	for flag, given := range map[string]bool{"user": f.user != "", "digest": o.Digest, "aws-sigv4": o.SigV4 != nil,
		"header": o.Header["Authorization"] != nil} {
		if given {
			found.add("oauth2-bearer", "and --"+flag+" exclude each other: one login for each host", "leave out one of them")
			return
		}
	}
	read := func(name string) ([]byte, error) { return files.read("oauth2-bearer", name) }
	header, err := bearerHeader(f.bearer, read)
	if err != nil {
		found.addError("oauth2-bearer", err)
		return
	}
	o.Header["Authorization"] = header
	o.RenewHeader = renewBearer(f.bearer, o.RenewHeader, o.Header)
}

// bearerHeader returns the values of Authorization for a token (RFC 6750), the content of a file where text starts with
// @. No error quotes it.
func bearerHeader(text string, read func(name string) ([]byte, error)) ([]string, error) {
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		content, err := read(name)
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(string(content))
	}
	value := "Bearer " + text
	switch {
	case text == "":
		return nil, errors.New("is empty")
	case fetch.CheckHeader("Authorization", value) != nil:
		return nil, errors.New("holds a control character")
	}
	return []string{value}, nil
}

// renewBearer returns the function for fetch.Options.RenewHeader that reads the file of --oauth2-bearer again beside
// the headers of renew, which may be nil; first are those that the run began with.
func renewBearer(
	text string, renew func(context.Context) (http.Header, bool), first http.Header,
) func(context.Context) (http.Header, bool) {
	if !namesRegularFile(text) {
		return renew
	}
	return func(ctx context.Context) (http.Header, bool) {
		header := first.Clone()
		if renew != nil {
			var ok bool
			if header, ok = renew(ctx); !ok {
				return nil, false
			}
		}
		values, err := bearerHeader(text, func(name string) ([]byte, error) {
			content, ok := readHeaderFile(name)
			if !ok {
				return nil, errors.New("can't be read")
			}
			return content, nil
		})
		if err != nil {
			return nil, false
		}
		header["Authorization"] = values
		return header, true
	}
}
