package plan_test

import "batchfetch/fetch/judge"

// prepareTask sets what the users of a plan set before they add a Task.
func prepareTask(q *apiRequest) {}

// isRefusal reports whether a Verdict is a refusal, which spends no attempt.
func isRefusal(v *judge.Verdict) bool { return false }

// noteRefusal counts refusals in a row of a Task.
func noteRefusal(q *apiRequest) {}
