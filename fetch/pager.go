package fetch

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/paging"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/transport"
)

// A pager finds the next page in the response to a Task, and makes the Task of it (Options.Paginate). The feeder, all
// workers and lookup workers share it.
type pager struct {
	options   *Options
	targets   *targeter
	transport *transport.Transport // says which servers may name public addresses only

	claims sync.Mutex // held while Claim of the BodyStore is called
}

// turn sets Next and More of a Record that is a success, and next of its Task. The Failure says why the response can't
// tell where the next page is; nil is that it does, or is the last one.
func (p *pager) turn(t *task, record *Record) *failure.Failure {
	if !p.options.Paginate.IsSet() {
		return nil
	}
	found, why := p.find(t, record)
	if found.IsNone() || why != nil {
		return why
	}
	page := p.nextPage(t, record, found)
	record.Next = &page
	if page.Number > int64(p.options.MaxPages) {
		t.morePages = true
		return nil
	}
	record.More = true
	t.next = newTask(t.request.AtPage(page))
	t.next.request.before = pageDigest(record)
	t.next.seq = t.seq
	_ = p.prepare(t.next) // a page that is there is fetched: what comes after it is in it
	return nil
}

// find returns the next page that the response to t has.
func (p *pager) find(t *task, record *Record) (paging.Next, *failure.Failure) {
	place := p.options.Paginate
	if place.InBody() && record.Path == "" && !record.HasBody {
		return paging.Next{}, nil
	}
	if digest := pageDigest(record); place.Counts() && digest != noDigest && digest == t.request.before {
		return paging.Next{}, &failure.Failure{Kind: failure.Protocol, Err: errSamePage, Option: failure.BadPage}
	}
	next, err := place.Next(paging.Response{
		Header: record.header, Query: t.URL.RawQuery, Carried: t.request.PageParams, Sent: t.firstBody(),
		Open: record.openPage,
	})
	var wrong *paging.BodyError
	switch {
	case errors.As(err, &wrong):
		return paging.Next{}, &failure.Failure{Kind: failure.Protocol, Err: err, Option: failure.BadPage}
	case err != nil:
		return paging.Next{}, &failure.Failure{Kind: failure.IO, Err: err}
	}
	return next, nil
}

// openPage opens the body where it is: in a file, or with the Record.
func (r *Record) openPage() (io.ReadCloser, error) {
	if r.Path != "" {
		return os.Open(r.Path)
	}
	return io.NopCloser(r.OpenBody()), nil
}

// errSamePage is why the pages of a list that is counted end. There would be no end of them where the server does not
// know the parameter, or has its last page again where there is no further one (json-server 1.0.0-beta.15).
var errSamePage = errors.New("the page has the body of the page before it: the server does not know the parameter, " +
	"or has its last page again, and a condition may tell which that is, as in \"page=+1 while /next\"")

// noDigest is the digest of a body that has none.
var noDigest [32]byte

// pageDigest returns the hash of the body of a page.
func pageDigest(r *Record) [32]byte {
	if !r.Hashed {
		return noDigest
	}
	return r.SHA256
}

// firstBody returns the body that the first exchange of t has had.
func (t *task) firstBody() []byte {
	if t.request.Body == nil && t.request.Page <= 1 {
		return t.options.Body
	}
	return t.request.Body
}

// rebased returns the reference to the next page as one that is relative to the URL of t. A page with a body of its own
// has the URL that t was asked at first.
func (t *task) rebased(next paging.Next) string {
	switch {
	case next.Body != nil:
		return t.request.URL
	case next.Base == "":
		return next.Ref
	}
	base, err := parseLocation(t.URL, next.Base, t.options.PathAsIs)
	if err != nil {
		return next.Ref
	}
	to, err := parseLocation(base, next.Ref, t.options.PathAsIs)
	if err != nil {
		return next.Ref
	}
	return to.String()
}

// nextPage returns the page that is the next one by the response to t. Secrets go where a redirect from there would
// take them.
func (p *pager) nextPage(t *task, record *Record, next paging.Next) Page {
	reference := t.rebased(next)
	page := Page{Number: t.request.Page + 1, URL: redact.URL(reference), Params: next.Params, Body: next.Body,
		OmitCredentials: t.request.OmitCredentials || t.leftOrigin,
		PublicOnly:      p.transport.MustStayPublic(&t.target.Target, record.pageAddr())}
	bodiless := t.request
	bodiless.Body = nil
	switch p.options.method(&bodiless, false) {
	case http.MethodGet, http.MethodHead:
	default:
		page.Get = next.Body == nil
	}
	to, why := t.follow(http.StatusSeeOther, reference)
	if why != nil {
		page.OmitCredentials = true
		return page
	}
	bare := *to.URL
	bare.Fragment, bare.RawFragment = "", ""
	page.URL = bare.String()
	page.OmitCredentials = page.OmitCredentials || to.Origin != t.Origin
	return page
}

// errLoop is why a page is not requested that came before.
var errLoop = errors.New("the next page is one that came before: the pages are a loop")

// prepare sets a Task's target and claims the name of its body from the BodyStore, or sets its lineError to why its
// Request can't be started, or Lost where it is for a page that came before. Its error is an ErrSkipped of the
// BodyStore.
func (p *pager) prepare(t *task) error {
	if t.request.isLoop() {
		t.Lost = &failure.Failure{Kind: failure.Protocol, Err: errLoop, Option: failure.BadPage}
	}
	if setTarget(t, p.targets); t.lineError != nil || t.Lost != nil || p.options.BodyStore == nil {
		return nil
	}
	p.claims.Lock()
	defer p.claims.Unlock()
	err := p.options.BodyStore.Claim(&t.request)
	if errors.Is(err, ErrSkipped) {
		return err
	}
	if err != nil {
		t.lineError = &LineError{Err: err} // without Input: the request is known, and can be asked under another name
	}
	return nil
}

// pageAddr returns the address of the server that the response of a Record came from, at first where it was stored.
func (r *Record) pageAddr() string {
	if r.RemoteAddr != "" {
		return r.RemoteAddr
	}
	return r.storedAddr
}
