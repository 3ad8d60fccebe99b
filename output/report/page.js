"use strict";
// Charts: the values of the part under the pointer, or of that which the arrow keys choose, stand in a box, which
// screen readers read out. Without this script browsers show the title of each part.
for (const figure of document.querySelectorAll("figure.chart")) {
  const svg = figure.querySelector(".plot > svg");
  const hits = [...svg.querySelectorAll(".hits rect")];
  const texts = hits.map((hit) => {
    const title = hit.querySelector("title");
    title.remove();
    return title.textContent;
  });
  const tip = document.createElement("output");
  tip.className = "tip";
  tip.hidden = true;
  figure.append(tip);
  let at = -1;
  const show = (i) => {
    if (at >= 0) hits[at].classList.remove("on");
    at = i;
    tip.hidden = at < 0;
    if (at < 0) return;
    hits[at].classList.add("on");
    tip.textContent = texts[at];
    const place = hits[at].getBoundingClientRect();
    const frame = figure.getBoundingClientRect();
    const middle = place.left + place.width / 2 - frame.left;
    tip.style.top = (place.top - frame.top + 4) + "px";
    const right = middle + 12 + tip.offsetWidth <= frame.width;
    tip.style.left = Math.max(right ? middle + 12 : middle - 12 - tip.offsetWidth, 0) + "px";
  };
  svg.addEventListener("pointermove", (event) => {
    const frame = svg.getBoundingClientRect();
    const x = (event.clientX - frame.left) / frame.width * 1000;
    const i = hits.findIndex((hit) => x >= hit.x.baseVal.value && x < hit.x.baseVal.value + hit.width.baseVal.value);
    if (i !== at) show(i);
  });
  svg.addEventListener("pointerleave", () => show(-1));
  const plot = figure.querySelector(".plot");
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", figure.querySelector("h3").textContent + ": the arrow keys read out the values");
  plot.addEventListener("keydown", (event) => {
    const last = hits.length - 1;
    const to = {
      ArrowRight: Math.min(at + 1, last), ArrowLeft: at < 0 ? last : Math.max(at - 1, 0),
      PageDown: Math.min(at + 10, last), PageUp: Math.max(at - 10, 0), Home: 0, End: last, Escape: -1,
    }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(to);
  });
  plot.addEventListener("blur", () => show(-1));
}

// The table of hosts: its heads are buttons that sort it, figures from the largest on first.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const isNumber = head.classList.contains("n");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : isNumber;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => isNumber ? Number(row.cells[column].dataset.v) : row.cells[column].textContent;
      const sign = down ? -1 : 1;
      const rows = [...body.rows].map((row) => [value(row), row]);
      rows.sort(([a], [b]) => sign * (isNumber ? a - b : a < b ? -1 : a > b ? 1 : 0));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
