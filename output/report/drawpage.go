package report

// putPage adds the whole page.
func (m *markup) putPage(p *page) {
	m.put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>batchfetch report</title>
<link rel="icon" href="data:,">
<style>`, p.Policy)
	m.WriteString(pageStyle)
	m.put(`</style>
</head>
<body>
<a class="skip" href="#main">Skip to the figures</a>
`)
	m.putHeader(p)
	m.put("\n<main id=\"main\">")
	m.putFigures(p)
	m.putTime(p)
	m.putLatency(p)
	m.putFailures(p)
	m.put("\n<section id=\"hosts\">\n<h2>Hosts</h2>")
	m.putSome(`<p class="note">%s</p>`, p.HostsNote)
	if len(p.Hosts.Rows) > 0 {
		m.putSortable(&p.Hosts)
	} else {
		m.put("<p>None.</p>")
	}
	m.put("\n</section>")
	m.putAnswers(p)
	if len(p.Runs.Rows) > 0 {
		m.put("\n<section id=\"runs\">\n<h2>Runs</h2>\n<p class=\"note\">What the summaries say.</p>\n")
		m.putTable("Runs", &p.Runs)
		m.put("\n</section>")
	}
	m.put("\n</main>\n<script>")
	m.WriteString(pageScript)
	m.put("</script>\n</body>\n</html>\n")
}

func (m *markup) putHeader(p *page) {
	m.put("<header>\n<h1>batchfetch report</h1>")
	m.putSome("<p>%s</p>", p.Span)
	m.putEach(`<p class="source">%s</p>`, p.Sources)
	m.put("\n</header>\n<nav aria-label=\"Sections\">")
	if len(p.OverTime) > 0 {
		m.put(`<a href="#time">Over time</a>`)
	}
	if len(p.Latency) > 0 {
		m.put(`<a href="#distribution">Latency</a>`)
	}
	m.put(`<a href="#failures">Failures</a><a href="#hosts">Hosts</a><a href="#answers">Answers</a>`)
	if len(p.Runs.Rows) > 0 {
		m.put(`<a href="#runs">Runs</a>`)
	}
	m.put("</nav>")
}

// putFigures adds what is missing, and the tiles.
func (m *markup) putFigures(p *page) {
	if len(p.Problems) > 0 {
		m.put("\n<section class=\"problems\" aria-label=\"What is missing\"><ul>")
		m.putEach("<li>%s</li>", p.Problems)
		m.put("</ul></section>")
	}
	m.put("\n<dl class=\"tiles\">")
	for _, t := range p.Tiles {
		m.put("\n<div")
		m.putSome(` class="%s"`, t.Class)
		m.put("><dt>%s</dt><dd>%s", t.Name, t.Value)
		m.putSome(" <small>%s</small>", t.Note)
		m.put("</dd></div>")
	}
	m.put("\n</dl>")
}

func (m *markup) putTime(p *page) {
	m.put("\n<section id=\"time\">\n<h2>Over time</h2>")
	m.putSome("<p>%s</p>", p.NoTime)
	m.putCharts(p.OverTime)
	m.putSome(`<p class="note">%s</p>`, p.NoLimits)
	if len(p.Values.Rows) > 0 {
		m.put("\n<details><summary>The values over time as a table</summary>")
		m.putTable("The values over time", &p.Values)
		m.put("</details>")
	}
	m.put("\n</section>")
}

func (m *markup) putLatency(p *page) {
	if len(p.Latency) == 0 {
		return
	}
	m.put("\n<section id=\"distribution\">\n<h2>Latency</h2>")
	m.putCharts(p.Latency)
	if len(p.Steps.Rows) > 0 {
		m.put("\n<h3>Steps of the last exchange</h3>\n")
		m.putTable("Steps of the last exchange", &p.Steps)
	}
	m.put("\n</section>")
}

func (m *markup) putFailures(p *page) {
	m.put("\n<section id=\"failures\">\n<h2>Failures</h2>")
	if len(p.Failures) == 0 {
		m.put("<p>None.</p>")
	}
	for i, f := range p.Failures {
		m.put("\n<details")
		if i == 0 {
			m.put(" open")
		}
		m.put(`><summary><b>%s</b> <span class="count">%s (%s)</span> <span class="kind">%s</span></summary>`+
			"\n<ul class=\"examples\">", f.Words, f.Count, f.Share, f.Kind)
		for _, e := range f.Examples {
			m.put("<li><code>%s</code>", e.URL)
			m.putSome("<br>%s", e.Message)
			m.put("</li>")
		}
		m.put("</ul></details>")
	}
	m.putSome("<p>%s</p>", p.MoreCause)
	m.put("\n</section>")
}

// putAnswers adds statuses, sizes, retries and the cache.
func (m *markup) putAnswers(p *page) {
	m.put("\n<section id=\"answers\">\n<h2>Answers</h2>")
	if len(p.Statuses) > 0 {
		m.putStatuses(p.Statuses)
	}
	m.putCharts(p.Sizes)
	m.put("\n<h3>Retries</h3>\n<p class=\"note\">%s</p>", p.RetryNote)
	if len(p.Retries.Rows) > 0 {
		m.putTable("Retries", &p.Retries)
	}
	if len(p.Cache.Rows) > 0 {
		m.put("\n<h3>Cache</h3>\n")
		m.putTable("Cache", &p.Cache)
	}
	m.put("\n</section>")
}

func (m *markup) putStatuses(classes []statusClass) {
	m.put("\n" + `<table class="statuses"><caption>Statuses</caption><thead><tr><th scope="col">Class</th>` +
		`<th scope="col" class="n">Requests</th><th scope="col" class="n">Share</th><td class="bar"></td>` +
		`<th scope="col">Statuses</th></tr></thead><tbody>`)
	for _, c := range classes {
		m.put("\n"+`<tr><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td>`, c.Name, c.Count, c.Share)
		m.put(`<td class="bar"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">`+
			`<rect class="%s" width="%s" height="10"/></svg></td><td>`, c.Class, c.Width)
		for i, s := range c.Statuses {
			if i > 0 {
				m.put(", ")
			}
			m.put("<span>%s: %s</span>", s.Status, s.Count)
		}
		m.put("</td></tr>")
	}
	m.put("\n</tbody></table>")
}
