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
	reference, why := p.find(record, t.URL.RawQuery)
	if reference == "" || why != nil {
		return why
	}
	page := p.nextPage(t, record, reference)
	record.Next = &page
	if page.Number > int64(p.options.MaxPages) {
		t.morePages = true
		return nil
	}
	record.More = true
	t.next = newTask(t.request.AtPage(page))
	t.next.seq = t.seq
	_ = p.prepare(t.next) // a page that is there is fetched: what comes after it is in it
	return nil
}

// find returns the reference to the next page in a response to a URL with that query; empty is none.
func (p *pager) find(record *Record, query string) (string, *failure.Failure) {
	var body io.Reader
	if p.options.Paginate.InBody() {
		switch {
		case record.Path != "":
			saved, err := os.Open(record.Path)
			if err != nil {
				return "", &failure.Failure{Kind: failure.IO, Err: err}
			}
			defer func() { _ = saved.Close() }() // only read
			body = saved
		case record.HasBody:
			body = record.OpenBody()
		default:
			return "", nil
		}
	}
	reference, err := p.options.Paginate.Next(record.header, query, body)
	var wrong *paging.BodyError
	switch {
	case errors.As(err, &wrong):
		return "", &failure.Failure{Kind: failure.Protocol, Err: err, Option: failure.BadPage}
	case err != nil:
		return "", &failure.Failure{Kind: failure.IO, Err: err}
	}
	return reference, nil
}

// nextPage returns the page that a reference in the response to t leads to. Secrets go where a redirect from there
// would take them.
func (p *pager) nextPage(t *task, record *Record, reference string) Page {
	page := Page{Number: t.request.Page + 1, URL: redact.URL(reference),
		OmitCredentials: t.request.OmitCredentials || t.leftOrigin,
		PublicOnly:      p.transport.MustStayPublic(&t.target.Target, record.pageAddr())}
	bodiless := t.request
	bodiless.Body = nil
	switch p.options.method(&bodiless, false) {
	case http.MethodGet, http.MethodHead:
	default:
		page.Get = true
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
