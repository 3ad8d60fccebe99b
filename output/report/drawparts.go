package report

// putCharts adds charts.
func (m *markup) putCharts(charts []*chart) {
	for _, c := range charts {
		m.putChart(c)
	}
}

// putChart adds a chart. Its labels stand beside the plot, which is stretched.
func (m *markup) putChart(c *chart) {
	m.put("\n<figure class=\"chart\" id=\"%s\">\n<figcaption><h3>%s</h3><p>%s</p></figcaption>", c.ID, c.Title, c.Note)
	if len(c.Legend) > 0 {
		m.put("\n<ul class=\"legend\">")
		for _, l := range c.Legend {
			m.put(`<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="fill %s" width="1" height="1"/></svg>%s</li>`,
				l.Class, l.Text)
		}
		m.put("</ul>")
	}
	m.put("\n<div class=\"plot\">\n<div class=\"y\" aria-hidden=\"true\">")
	m.putEach("<span>%s</span>", c.YLabels)
	m.put("</div>\n"+`<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="%s. %s">`+
		"\n<g class=\"grid\">", c.Title, c.Note)
	m.putEach(`<path d="M0 %sH1000"/>`, c.Grid)
	m.put("</g>")
	for _, s := range c.Shapes {
		m.put("\n<path class=\"%s\" d=\"%s\"/>", s.Class, s.Path)
	}
	m.put("\n<g class=\"hits\">")
	for _, h := range c.Hits {
		m.put(`<rect x="%s" width="%s" height="100"><title>%s</title></rect>`, h.X, h.Width, h.Text)
	}
	m.put("</g>\n</svg>\n<div class=\"x\" aria-hidden=\"true\">")
	m.putEach("<span>%s</span>", c.XLabels)
	m.put("</div>\n</div>\n</figure>")
}

// putTable adds a table; label names it to screen readers, as Tab leads to it.
func (m *markup) putTable(label string, t *table) {
	m.put("\n"+`<div class="scroll" tabindex="0" role="group" aria-label="%s"><table><thead><tr>`, label)
	m.putHead(t)
	for _, row := range t.Rows {
		m.put("\n<tr>")
		for i, c := range row {
			m.put("<td")
			m.putNumberClass(t.Head[i])
			m.put(">%s</td>", c.Text)
		}
		m.put("</tr>")
	}
	m.put("\n</tbody></table></div>")
}

// putSortable adds the table of hosts, which the script sorts by a column.
func (m *markup) putSortable(t *table) {
	m.put("\n" + `<div class="scroll tall" tabindex="0" role="group" aria-label="Hosts">` +
		`<table class="sortable"><thead><tr>`)
	m.putHead(t)
	for _, row := range t.Rows {
		m.putSortableRow(t, row)
	}
	m.put("\n</tbody>")
	if len(t.Foot) > 0 {
		m.put("<tfoot>")
		for _, row := range t.Foot {
			m.putSortableRow(t, row)
		}
		m.put("\n</tfoot>")
	}
	m.put("</table></div>")
}

// putSortableRow adds a row whose first cell is its head. The others say what they are sorted by.
func (m *markup) putSortableRow(t *table, row []cell) {
	m.put("\n<tr>")
	for i, c := range row {
		if i == 0 {
			m.put("<th scope=\"row\">%s</th>", c.Text)
			continue
		}
		m.put("<td")
		m.putNumberClass(t.Head[i])
		m.putSome(` data-v="%s"`, c.Sort)
		m.put(">%s</td>", c.Text)
	}
	m.put("</tr>")
}

// putHead adds the head of a table, and begins its body.
func (m *markup) putHead(t *table) {
	for _, c := range t.Head {
		m.put(`<th scope="col"`)
		m.putNumberClass(c)
		m.put(">%s</th>", c.Name)
	}
	m.put("</tr></thead><tbody>")
}

func (m *markup) putNumberClass(c column) {
	if c.Number {
		m.put(` class="n"`)
	}
}
