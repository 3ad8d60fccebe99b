package paging

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// A Place says what the URL of the next page is, by a response. The zero Place is none: no pages are followed.
type Place struct {
	link    bool
	param   string    // of the query, whose value is at pointer or element, or grows by step; "": the URL is at pointer
	pointer Pointer   // to a URL, to the value of param, or with isMembers to an object
	element string    // the local name of the XML element that has the value of param; "": it is in JSON
	attr    attribute // that has the URL, in XML or HTML
	step    int64     // what is added to the number that param has; 0: nothing is
	base    base      // what a relative URL at pointer is relative to
	while   Pointer   // to what a page has that another follows; nil is no condition, with step that the body has elements

	isMembers bool // each member of an object is a parameter of the query
}

// maxStep is the greatest step.
const maxStep = 1_000_000_000

var errPlace = errors.New("is neither link nor a JSON pointer such as /links/next or cursor=/next_cursor, " +
	"nor a number that grows, page=+1, nor an element of XML or HTML such as marker=NextMarker or a/rel=next@href")

// Parse parses where the next page is:
//
//	link               the header Link with rel="next"
//	/links/next        a JSON pointer (RFC 6901 section 5) to its URL
//	cursor=/next       the name of a parameter of the query, and a pointer to its value for the next page
//	marker=NextMarker  the same with the name of an XML element
//	link/rel=next@href the attribute of an element of XML or HTML that has its URL
//	page=+1            the number that a parameter has grows by so much, while the body is an array that has elements
//	*=/continue        a pointer to an object, each of whose members is a parameter
//
// Behind any of these " while " and a pointer say that there is a next page only where that leads to a value other than
// null, false, 0 and what is empty.
func Parse(text string) (Place, error) {
	text, condition, hasCondition := strings.Cut(text, " while ")
	p, err := parsePlace(text)
	if err == nil && hasCondition {
		p.while, err = ParsePointer(condition)
	}
	if err != nil {
		return Place{}, err
	}
	return p, nil
}

// parsePlace parses a Place without a condition.
func parsePlace(text string) (p Place, err error) {
	if text == "link" {
		return Place{link: true}, nil
	}
	if strings.HasPrefix(text, "/") {
		if p.pointer, err = ParsePointer(text); err == nil {
			p.base = baseOf(p.pointer)
		}
		return p, err
	}
	if attr, isAttr := parseAttribute(text); isAttr {
		return Place{attr: attr}, nil
	}
	param, at, _ := strings.Cut(text, "=")
	p.param = param
	switch {
	case param == "" || at == "":
		return p, errPlace
	case param == "*" && at[0] != '/':
		return p, errors.New("needs a JSON pointer to an object behind *=, such as *=/continue")
	case at[0] == '/':
		p.isMembers = param == "*"
		p.pointer, err = ParsePointer(at)
		return p, err
	case at[0] == '+':
		if p.step, err = strconv.ParseInt(at[1:], 10, 64); err != nil || p.step < 1 || p.step > maxStep {
			return p, errors.New("needs a number from 1 to 1000000000 behind +, such as page=+1 or offset=+100")
		}
		return p, nil
	case strings.ContainsAny(at, " \t<>:&=@/\""):
		return p, errPlace
	}
	p.element = at
	return p, nil
}

// IsSet reports whether it is not the zero Place.
func (p Place) IsSet() bool { return p.link || p.InBody() }

// InBody reports whether the body of a response is read.
func (p Place) InBody() bool {
	return p.pointer != nil || p.element != "" || p.attr != attribute{} || p.while != nil || p.Counts()
}

// Counts reports whether a number grows, so that a server that does not know its parameter has pages without end.
func (p Place) Counts() bool { return p.step > 0 }

// Check returns why there is no next page of a URL with that query whatever the response: where a number grows there is
// none in it.
func (p Place) Check(query string) error {
	if !p.Counts() {
		return nil
	}
	_, err := p.grown(query)
	return err
}

// Next returns the next page that a response has. The error is that of the body, or a *BodyError.
func (p Place) Next(r Response) (Next, error) {
	follows, err := p.holds(r)
	if !follows || err != nil {
		return Next{}, err
	}
	switch {
	case p.link:
		return Next{Ref: NextLink(r.Header["Link"])}, nil
	case p.Counts():
		value, err := p.grown(r.Query)
		return Next{Ref: "?" + withParameters(r.Query, nil, parameter{p.param, value})}, err
	}
	body, err := r.Open()
	if err != nil {
		return Next{}, err
	}
	defer func() { _ = body.Close() }() // only read
	switch {
	case p.isMembers:
		return p.nextOfMembers(r, body)
	case p.attr != attribute{}:
		value, base, err := p.attr.find(body, r.Header.Get("Content-Type"))
		return Next{Ref: value, Base: base}, err
	}
	value, err := p.find(body)
	if value == "" || err != nil {
		return Next{}, err
	}
	if p.param != "" {
		value = "?" + withParameters(r.Query, p.exclusive(), parameter{p.param, value})
	}
	return p.base.of(value, r)
}

// find returns what the Place leads to in a body: a reference, or the value of a parameter.
func (p Place) find(body io.Reader) (string, error) {
	switch {
	case p.param == "":
		return p.pointer.Find(body)
	case p.element != "":
		return findElement(body, p.element, p.checkElement)
	}
	return p.pointer.FindValue(body)
}

// checkElement is the check of the elements in front of the one that is looked for.
func (p Place) checkElement(depth int, e xml.StartElement) error {
	if p.element == resumptionToken {
		return checkOAI(depth, e)
	}
	return nil
}

// exclusive returns the names of the parameters that may not stand beside that of the Place.
func (p Place) exclusive() []string {
	if p.param == resumptionToken {
		return oaiArguments
	}
	return nil
}

// holds reports whether another page may follow a response.
func (p Place) holds(r Response) (bool, error) {
	if p.while == nil && !p.Counts() {
		return true, nil
	}
	body, err := r.Open()
	if err != nil {
		return false, err
	}
	defer func() { _ = body.Close() }() // only read
	if p.while != nil {
		return p.while.Holds(body)
	}
	return hasElements(body)
}

// nextOfMembers returns the next page by the members of an object in the body.
func (p Place) nextOfMembers(r Response, body io.Reader) (Next, error) {
	members, err := p.pointer.findMembers(body)
	if len(members) == 0 || err != nil {
		return Next{}, err
	}
	next := Next{Ref: "?" + withParameters(r.Query, r.Carried, members...)}
	for _, m := range members {
		next.Params = append(next.Params, m.name)
	}
	return next, nil
}

// grown returns the number that the parameter has in a query, and the step more. The error is a *BodyError.
func (p Place) grown(query string) (string, error) {
	for pair := range strings.SplitSeq(query, "&") {
		if name, value := unescapedPair(pair); name == p.param {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 || n > math.MaxInt64-p.step {
				break
			}
			return strconv.FormatInt(n+p.step, 10), nil
		}
	}
	return "", &BodyError{"the URL has no number as " + p.param + ", from which --paginate counts: write the one of the " +
		"first page into it, such as ?" + p.param + "=" + p.first()}
}

// first returns the number that the first page has in most APIs: pages count from 1, elements from 0.
func (p Place) first() string {
	if p.step == 1 {
		return "1"
	}
	return "0"
}
