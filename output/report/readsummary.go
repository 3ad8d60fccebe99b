package report

// summaryMember reads the value of a member that only a summary has, or passes over it.
func (r *recordReader) summaryMember(name []byte) error {
	run := &r.run
	switch string(name) {
	case "complete":
		err := r.literal()
		run.Complete = string(r.scratch) == "true"
		return err
	case "total":
		return r.integer(&run.Total)
	case "succeeded":
		return r.integer(&run.Succeeded)
	case "failed":
		return r.integer(&run.Failed)
	case "skipped":
		return r.integer(&run.Skipped)
	case "not_started":
		return r.integer(&run.NotStarted)
	case "exchanges":
		return r.integer(&run.Exchanges)
	case "retries":
		return r.integer(&run.Retries)
	case "connections_made":
		return r.integer(&run.ConnectionsMade)
	case "connections_reused":
		return r.integer(&run.ConnectionsReused)
	case "exit_code":
		return r.integer(&run.ExitCode)
	case "latency_ms":
		return r.objectOr(r.latencyMember)
	case "limited_by":
		return r.word(&run.LimitedBy)
	case "limited_host":
		return r.word(&run.LimitedHost)
	case "stopped_by":
		return r.word(&run.StoppedBy)
	}
	return r.skip()
}

func (r *recordReader) latencyMember(name []byte) error {
	switch string(name) {
	case "p50":
		return r.float(&r.run.P50)
	case "p90":
		return r.float(&r.run.P90)
	case "p99":
		return r.float(&r.run.P99)
	case "max":
		return r.float(&r.run.Max)
	}
	return r.skip()
}

// word reads a string.
func (r *recordReader) word(to *string) error {
	err := r.text()
	*to = string(r.scratch)
	return err
}
