package judge

import (
	"net/http"

	"batchfetch/fetch/failure"
)

// restartFailure returns why the whole body has to be requested again: a stored response that was confirmed can't be
// used, or the missing part of a body did not come, or the joined body is wrong. nil means that none of this is so.
func (a *Answer) restartFailure() *failure.Failure {
	switch {
	case a.Unusable != nil:
		return a.Unusable
	case a.Partial == PartialUnusable:
		return failure.New(failure.Protocol, "%s is not the rest of the body that was requested",
			failure.StatusText(a.Status))
	case a.Partial != PartialContinues || a.Failure == nil:
		return nil
	case a.Failure.Kind == failure.Checksum || a.Failure.Kind == failure.Protocol:
		return a.Failure
	}
	return nil
}

// conditionalFailure returns why a conditional request has to be sent again without its conditions; nil means that it
// need not. Many servers fail at such fields: they answer them with an error, a 304 or a 204, or close the connection,
// and would do so for ever. What a server says of the page as such is told again by the response that follows.
//
// A refusal is none: that request is repeated later, and judgeRefusal sees to it that the conditions are left out.
func (j *judgement) conditionalFailure() *failure.Failure {
	p, t, a := j.policy, &j.trial, &j.answer
	switch {
	case !a.Conditional, a.NotProcessed, j.refusal != nil:
		return nil
	case a.Failure != nil && a.blamesConditions(t.Attempts > p.Retries):
		return a.Failure
	case a.Failure != nil, p.polls(t, a.Status, a.sentHeader()), p.isFollowed(a) && !a.BodyGone:
		return nil
	case a.Partial == PartialContinues, p.AcceptStatus.Has(a.Status) && !a.BodyGone && !isNoPage(a.Status):
		return nil
	}
	return a.failureOfStatus()
}

// isNoPage reports whether a status is a success whose body is not that of the page (RFC 9110 section 15.3): 201, 202,
// 207 and the like.
func isNoPage(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusResetContent,
		http.StatusPartialContent, http.StatusIMUsed:
		return false
	}
	return status/100 == 2
}

// blamesConditions reports whether the failure of an exchange may be due to the conditions: no usable response came
// over a connection that stood, or what came is no valid body, or another than the one wanted. A body that was cut off
// is none of these. Where the network is as likely a cause, a silent server or no byte of the missing part, that counts
// in the last attempt only.
func (a *Answer) blamesConditions(last bool) bool {
	switch a.Failure.Kind {
	case failure.Protocol, failure.Decode, failure.Checksum:
		return true
	case failure.Stalled:
		return last && (a.Status == 0 || a.BodyGone)
	case failure.Reset, failure.Truncated:
		return a.Status == 0 || last && a.BodyGone
	case failure.TooLarge:
		return a.Status == 0
	}
	return false
}
