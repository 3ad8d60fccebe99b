package paging

import (
	"net/url"
	"slices"
	"strings"
)

// A parameter is one of a query, unescaped.
type parameter struct{ name, value string }

// withParameters returns a query in which parameters have these values: of each the first of its name has it, others
// are left out, and so are those named in left that are not set. The rest stays as it is written.
func withParameters(query string, left []string, set ...parameter) string {
	var pairs []string
	isSet, isLeft := make([]bool, len(set)), setOf(left)
	for pair := range strings.SplitSeq(query, "&") {
		name, _ := unescapedPair(pair)
		at := slices.IndexFunc(set, func(p parameter) bool { return p.name == name })
		switch {
		case pair == "":
		case at >= 0 && !isSet[at]:
			pairs = append(pairs, set[at].escaped())
			isSet[at] = true
		case at < 0 && !isLeft[name]:
			pairs = append(pairs, pair)
		}
	}
	for i, p := range set {
		if !isSet[i] {
			pairs = append(pairs, p.escaped())
		}
	}
	return strings.Join(pairs, "&")
}

// escaped returns the parameter as it is written in a query.
func (p parameter) escaped() string { return url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value) }

// unescapedPair returns the name and the value of a part of a query; empty where that has escapes that are none.
func unescapedPair(pair string) (name, value string) {
	name, value, _ = strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		return "", ""
	}
	if value, err = url.QueryUnescape(value); err != nil {
		return name, ""
	}
	return name, value
}

// queryValue returns the value of the first parameter of that name in a query; empty where there is none.
func queryValue(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if found, value := unescapedPair(pair); found == name {
			return value
		}
	}
	return ""
}

// Added returns the names of the parameters that a query has beyond those of the query of a first page, or with other
// values.
func Added(query, first string) []string {
	had := setOf(strings.Split(first, "&"))
	var names []string
	isAdded := make(map[string]bool)
	for pair := range strings.SplitSeq(query, "&") {
		if name, _ := unescapedPair(pair); name != "" && !had[pair] && !isAdded[name] {
			names = append(names, name)
			isAdded[name] = true
		}
	}
	return names
}

// setOf returns the set of some texts. A server may have redirected to a query with tens of thousands of parameters.
func setOf(texts []string) map[string]bool {
	set := make(map[string]bool, len(texts))
	for _, text := range texts {
		set[text] = true
	}
	return set
}
