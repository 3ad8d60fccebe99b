package paging

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A form is one of the ways in which APIs tell what the next page is.
type form interface {
	// find returns the next page that a response has, where its condition holds.
	find(r Response) (Next, error)
}

// A checker is a form that not every request can have.
type checker interface {
	// check returns why a request can't have a next page. Of a Response it has what is of the request.
	check(r Response) error
}

// A linkForm is rel="next" among the Link fields.
type linkForm struct{}

func (linkForm) find(r Response) (Next, error) { return Next{Ref: NextLink(r.Header["Link"])}, nil }

// A urlForm is a pointer to a URL.
type urlForm struct {
	pointer Pointer
	base    base
}

func (f urlForm) find(r Response) (Next, error) {
	ref, err := r.read(f.pointer.Find)
	if ref == "" || err != nil {
		return Next{}, err
	}
	return f.base.of(ref, r)
}

// fill returns the next page, which has in its slot what find finds in a response; none where that is empty.
func fill(s slot, r Response, find func(body io.Reader) (string, error)) (Next, error) {
	value, err := r.read(find)
	if value == "" || err != nil {
		return Next{}, err
	}
	return s.set(r, value)
}

// A valueForm is a pointer to the value of a parameter of the query.
type valueForm struct {
	pointer Pointer
	slot    querySlot
}

func (f valueForm) find(r Response) (Next, error) {
	return fill(f.slot, r, f.pointer.FindValue)
}

// A rawForm is a pointer to a value, of any kind, that is set in the body of the request.
type rawForm struct {
	pointer Pointer
	slot    bodySlot
}

func (f rawForm) find(r Response) (Next, error) {
	return fill(f.slot, r, f.pointer.findRaw)
}

func (f rawForm) check(r Response) error {
	_, err := Pointer(f.slot).withValue(r.Sent, json.RawMessage("null"))
	return err
}

// An elementForm is an XML element that has the value of a parameter of the query.
type elementForm struct {
	element string
	slot    querySlot
}

func (f elementForm) find(r Response) (Next, error) {
	check := anyElement
	if f.element == resumptionToken {
		check = checkOAI
	}
	return fill(f.slot, r, func(body io.Reader) (string, error) { return findElement(body, f.element, check) })
}

// A countForm is a number in the request that grows from page to page.
type countForm struct {
	step int64
	slot slot
}

func (f countForm) find(r Response) (Next, error) {
	n, err := strconv.ParseInt(f.slot.value(r), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64-f.step {
		return Next{}, &BodyError{fmt.Sprintf("the %s, from which --paginate counts: write that of the first page into it%s",
			f.slot.lack(), f.slot.example(f.first()))}
	}
	return f.slot.set(r, strconv.FormatInt(n+f.step, 10))
}

func (f countForm) check(r Response) error {
	_, err := f.find(r)
	return err
}

// first returns the number that the first page has in most APIs: pages count from 1, elements from 0.
func (f countForm) first() string {
	if f.step == 1 {
		return "1"
	}
	return "0"
}

// A membersForm is a pointer to an object whose members are parameters of the query.
type membersForm struct{ pointer Pointer }

func (f membersForm) find(r Response) (next Next, err error) {
	_, err = r.read(func(body io.Reader) (string, error) {
		members, err := f.pointer.findMembers(body)
		if len(members) > 0 {
			next.Ref = "?" + withParameters(r.Query, r.Carried, members...)
		}
		for _, m := range members {
			next.Params = append(next.Params, m.name)
		}
		return "", err
	})
	if err != nil {
		return Next{}, err
	}
	return next, nil
}
