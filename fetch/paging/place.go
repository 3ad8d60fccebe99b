package paging

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// A Place says what the next page is, by a response. The zero Place is none: no pages are followed.
type Place struct {
	form  form    // how the next page is found; nil: it is not
	while Pointer // to what a page has that another follows; nil is no condition
}

// Parse parses where the next page is:
//
//	link               the header Link with rel="next"
//	/links/next        a JSON pointer (RFC 6901 section 5) to its URL
//	link/rel=next@href the attribute of an element of XML or HTML that has its URL
//	cursor=/next       the name of a parameter of the query, and a pointer to its value for the next page
//	marker=NextMarker  the same with the name of an XML element
//	page=+1            the number that a parameter has grows by so much, while the body is an array that has elements
//	*=/continue        a pointer to an object, each of whose members is a parameter
//	/after=/next       a pointer into the JSON body of the request, and one to what is there for the next page
//	/page=+1           a pointer into the JSON body of the request, to a number that grows
//
// Behind any of these " while " and a pointer say that there is a next page only where that leads to a value other than
// null, false, 0 and what is empty.
func Parse(text string) (p Place, err error) {
	text, condition, hasCondition := strings.Cut(text, " while ")
	if strings.Contains(condition, " while ") {
		return Place{}, errors.New("has two conditions, and can have one")
	}
	if p.form, err = parseForm(text); err == nil && hasCondition {
		p.while, err = ParsePointer(condition)
	}
	if err != nil {
		return Place{}, err
	}
	return p, nil
}

var errPlace = errors.New("is neither link nor a JSON pointer such as /links/next or cursor=/next_cursor, " +
	"nor a number that grows, page=+1, nor an element of XML or HTML such as marker=NextMarker or a/rel=next@href")

// parseForm parses a Place without its condition.
func parseForm(text string) (form, error) {
	if text == "link" {
		return linkForm{}, nil
	}
	if strings.HasPrefix(text, "/") {
		return parsePointers(text)
	}
	if a, isAttribute := parseAttribute(text); isAttribute {
		return a, nil
	}
	name, at, _ := strings.Cut(text, "=")
	switch {
	case name == "" || at == "":
		return nil, errPlace
	case name == "*" && at[0] != '/':
		return nil, errors.New("needs a JSON pointer to an object behind *=, such as *=/continue")
	case at[0] == '/':
		pointer, err := ParsePointer(at)
		if name == "*" {
			return membersForm{pointer}, err
		}
		return valueForm{pointer, querySlot(name)}, err
	case at[0] == '+':
		return parseCount(at[1:], querySlot(name))
	case strings.ContainsAny(at, " \t<>:&=@/\""):
		return nil, errPlace
	}
	return elementForm{at, querySlot(name)}, nil
}

// parsePointers parses a Place that begins with a JSON pointer: to the URL of the next page, or into a request's body.
func parsePointers(text string) (form, error) {
	at := max(strings.Index(text, "=/"), strings.Index(text, "=+"))
	if at < 0 {
		pointer, err := ParsePointer(text)
		if err != nil {
			return nil, err
		}
		return urlForm{pointer, baseOf(pointer)}, nil
	}
	into, err := ParsePointer(text[:at])
	if err != nil {
		return nil, err
	}
	if text[at+1] == '+' {
		return parseCount(text[at+2:], bodySlot(into))
	}
	pointer, err := ParsePointer(text[at+1:])
	return rawForm{pointer, bodySlot(into)}, err
}

// maxStep is the greatest step.
const maxStep = 1_000_000_000

func parseCount(text string, s slot) (form, error) {
	step, err := strconv.ParseInt(text, 10, 64)
	if err != nil || step < 1 || step > maxStep {
		return nil, errors.New("needs a number from 1 to 1000000000 behind +, such as page=+1 or offset=+100")
	}
	return countForm{step, s}, nil
}

// IsSet reports whether it is not the zero Place.
func (p Place) IsSet() bool { return p.form != nil }

// InBody reports whether the body of a response is read.
func (p Place) InBody() bool {
	_, isLink := p.form.(linkForm)
	return p.while != nil || p.form != nil && !isLink
}

// Counts reports whether a number grows, so that a server that does not know it has pages without end.
func (p Place) Counts() bool {
	_, is := p.form.(countForm)
	return is
}

// Check returns why a request whose URL has that query, and with that body, can have no next page whatever the
// response: there is no number that could grow, or no JSON in which a value could be set.
func (p Place) Check(query string, body []byte) error {
	if c, is := p.form.(checker); is {
		return c.check(Response{Query: query, Sent: body})
	}
	return nil
}

// Next returns the next page that a response has. The error is that of the body, or a *BodyError.
func (p Place) Next(r Response) (Next, error) {
	if follows, err := p.follows(r); !follows || err != nil {
		return Next{}, err
	}
	return p.form.find(r)
}

// follows reports whether another page may follow a response.
func (p Place) follows(r Response) (follows bool, err error) {
	if p.while == nil && !p.Counts() {
		return true, nil
	}
	_, err = r.read(func(body io.Reader) (string, error) {
		if p.while == nil {
			follows, err = hasElements(body)
		} else {
			follows, err = p.while.Holds(body)
		}
		return "", err
	})
	return follows, err
}
