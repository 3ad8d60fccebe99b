package fetch

// failure is why a Task that has ended failed; nil where it has not: its Verdict may be one of failure all the same,
// where a response of the cache was served for a server that failed.
func (t *task) failure() *Failure {
	if t.rescued {
		return nil
	}
	return t.verdict.Failure
}
