package paging

import "encoding/json"

// A slot is what a request has for each page another value in.
type slot interface {
	// value returns what is in it for the page of a response, as text; empty where there is nothing.
	value(r Response) string
	// set returns the next page, which has that value in it. The error is a *BodyError.
	set(r Response, value string) (Next, error)
	// lack says that there is no number in it, and example what one would look like.
	lack() string
	example(number string) string
}

// A querySlot is the parameter of that name in the query of the URL.
type querySlot string

func (s querySlot) value(r Response) string { return queryValue(r.Query, string(s)) }

func (s querySlot) set(r Response, value string) (Next, error) {
	var exclusive []string
	if s == resumptionToken {
		exclusive = oaiArguments
	}
	return Next{Ref: "?" + withParameters(r.Query, exclusive, parameter{string(s), value})}, nil
}

func (s querySlot) lack() string { return "URL has no number as " + string(s) }

func (s querySlot) example(number string) string { return ", such as ?" + string(s) + "=" + number }

// A bodySlot is the value that a pointer leads to in the JSON body of the request.
type bodySlot Pointer

func (s bodySlot) value(r Response) string { return Pointer(s).value(r.Sent) }

func (s bodySlot) set(r Response, value string) (Next, error) {
	body, err := Pointer(s).withValue(r.Sent, json.RawMessage(value))
	return Next{Body: body}, err
}

func (s bodySlot) lack() string { return "body of the request has no number at " + Pointer(s).String() }

func (s bodySlot) example(string) string { return "" }
