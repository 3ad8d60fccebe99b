package fetch

import (
	"io"
	"net/http"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/paging"
	"batchfetch/fetch/robots"
)

// A robotsFile is what the robots.txt of an origin says. The worker that fetches it writes rules and failure.
type robotsFile struct {
	origin  string
	rules   *robots.Rules    // nil allows all
	failure *failure.Failure // why all is forbidden; nil: it is not
}

// read takes the Record of the Task that has fetched it; why is its failure (section 2.3.1): any 4xx but 429, and too
// many redirects, forbid nothing; what else is no success forbids all.
func (f *robotsFile) read(why *failure.Failure, record *Record, userAgent string) {
	f.rules, f.failure = nil, nil
	var text []byte
	if why == nil {
		var err error
		if text, err = io.ReadAll(io.LimitReader(record.OpenBody(), robots.MaxBytes+1)); err != nil {
			why = failure.New(failure.IO, "%w", err)
		}
	}
	switch {
	case why == nil:
		f.rules = robots.Parse(text, userAgent)
	case why.Kind == failure.TooManyRedirects:
	case why.Kind == failure.BadStatus && record.Status/100 != 5 && record.Status != http.StatusTooManyRequests:
	case why.Kind == failure.BadStatus, why.Kind == failure.RateLimited:
		f.failure = failure.New(failure.Robots, "%s%s can't be had, which forbids all: %w", f.origin, robots.Path, why)
	default:
		f.failure = failure.New(why.Kind, "%s%s can't be had, which forbids all: %w", f.origin, robots.Path, why)
	}
}

// maxRobotsRedirects is how many redirects of a robots.txt are followed (section 2.3.1.2).
const maxRobotsRedirects = 5

// robotsOptions returns Options for fetching robots.txt, with which the bodies of successes are in their Records.
func robotsOptions(o *Options) *Options {
	own := *o
	own.forRobots, own.MaxRedirects = true, maxRobotsRedirects
	own.MaxBody, own.BodyMemory = robots.MaxBytes, robots.MaxBytes
	own.AcceptStatus, own.Poll, own.Paginate = judge.Statuses{{200, 299}}, nil, paging.Place{}
	own.Method, own.Body, own.HeadOnly = "", nil, false
	own.BodyStore, own.DropBody, own.FailureBody, own.KeepHeader = nil, false, 0, false
	return &own
}
