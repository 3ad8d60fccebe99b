package cmd

import (
	"batchfetch/fetch"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/input"
	"batchfetch/output/encode"
	"batchfetch/output/warc"
)

// resolve makes the config of a run: it reads the files that settings name and the environment by lookup ("" is not
// set), parses what is left as text, and checks what excludes each other. Every problem goes to found; with one in it
// the config is not to be used.
func resolve(s *settings, lookup func(name string) string, found *problems) *config {
	files := new(flagFiles)
	o := s.fetch
	readProxies(&o, s.proxy, lookup, found)
	o.Identity = !s.compressed
	o.MaxBody = maxBody(s)
	o.DropBody = s.output.body == encode.BodyNone || warc.IsName(s.output.output)
	o.UserAgent = s.request.userAgent
	o.MaxFailures, o.MaxFailurePercent = s.maxFailures.count, s.maxFailures.percent
	if s.failFast {
		o.MaxFailures, o.MaxFailurePercent = 0, 0
	}
	readRequest(&o, s.request, files, found)
	readLogins(&o, s.request, files, lookup, found)
	checkBodyURL(s.request, found)
	if s.request.netrc {
		o.Netrc = readNetrc(files, lookup, found)
	}
	if s.hostsFile != "" {
		readHosts(&o, s.hostsFile, files, lookup, found)
	}
	readCookies(&o, s.request.cookies, files, found)
	if !validUserAgent(s.request.userAgent) {
		found.add("user-agent", "holds a control character", "")
	}
	o.TLS = readTLS(s.tls, files, found)
	shard := resolveShard(s.shard, lookup, found)
	if s.shardBy == shardByRequest {
		divideRequests(&o, &shard, s.limits != "", found)
	}
	outputs := s.output
	nameOutputs(&outputs, shard, s.shard.auto || shard.Of > 0, found)
	var noTemp error
	o.TempSpace, noTemp = tempSpace(&outputs, s.tempMax, &o)
	o.Resolve = parseOverrides(s.resolve, found)
	check(s, &o, found)
	return &config{
		fetch: o, output: outputs, cache: s.cache, limits: s.limits, queue: s.queue, shard: shard, bodyURL: s.request.bodyURL,
		form:   s.form,
		unique: s.unique, dryRun: s.dryRun, exitZero: s.exitZero,
		progress: s.progress, quiet: s.quiet, verbose: s.verbose, failFast: s.failFast, hostLimits: s.hostsFile != "",
		actions: readActions(lookup), noTemp: noTemp, filesRead: files.names, stdinFlag: files.stdinFlag,
	}
}

// check adds what is wrong with the Options that settings have become, and which settings exclude each other.
func check(s *settings, o *fetch.Options, found *problems) {
	if err := o.Validate(); err != nil {
		found.addMistakes(err)
	}
	checkOutputs(s, found)
	if s.form != input.FormAuto && s.request.bodyURL != "" {
		found.add("input", "and --url exclude each other: each line is the body of a request", "")
	}
	checkCache(s.cache, o, found)
	if s.queue {
		checkQueue(s, found)
	}
	if s.limits != "" {
		if _, err := limitsConfig(s.limits, o); err != nil {
			found.add("limits", err.Error(), limitsHint)
		}
	}
}

// maxBody returns --max-body, or its default, which is larger for bodies that go to files.
func maxBody(s *settings) int64 {
	switch {
	case s.maxBody >= 0:
		return s.maxBody
	case s.output.saveDir != "":
		return 10 << 30
	}
	return 16 << 20
}

func validUserAgent(text string) bool {
	return text == "" || fetch.CheckHeader("User-Agent", text) == nil
}

// parseOverrides parses --resolve.
func parseOverrides(texts []string, found *problems) []dial.Override {
	var overrides []dial.Override
	for _, text := range texts {
		override, err := dial.ParseOverride(text)
		if err != nil {
			found.add("resolve", err.Error(), "write example.com:443:192.0.2.1")
			continue
		}
		overrides = append(overrides, override)
	}
	return overrides
}
