(() => {
  "use strict";
  const dark = window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches;
  const ink = dark ? "#e6ebf0" : "#1c2733", soft = dark ? "#a3afbb" : "#566370", line = dark ? "#33404d" : "#dfe4ea";
  const narrow = window.innerWidth < 500;
  const config = {
    axisY: { labelLimit: 0 },
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { labelColor: ink, titleColor: soft, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    legend: { columns: narrow ? 1 : 4, labelColor: ink, titleColor: soft, labelFontSize: 12 }, text: { color: ink, fontSize: 12 },
  };
  const views = [];
  // names on the left stand whole, in lines of so many letters; rows grow where a name needs more than theirs
  const letters = narrow ? 22 : 40, lineHeight = 14;
  const inLines = (name, most = letters) => String(name).split(" ").reduce((lines, word) => {
    const last = lines[lines.length - 1];
    if (last && (last + " " + word).length <= most) lines[lines.length - 1] += " " + word; else lines.push(word);
    return lines;
  }, []);
  // dark inks of the palette are hard to see on dark paper
  const bright = { "#0072b2": "#4da3e0", "#56b4e9": "#a5d8f6", "#d55e00": "#f0803c" };
  const wrap = (spec, target) => {
    const own = spec.usermeta || {};
    if (own.narrow && target.clientWidth < own.below) Object.assign(spec, own.narrow);
    const parts = [spec, ...(spec.layer || [])].map((part) => part.encoding || {});
    const y = parts.map((part) => part.y).filter((y) => y && y.type === "nominal");
    // on dark paper a pale interval is not seen
    if (dark) [spec, ...(spec.layer || [])].forEach(({ mark }) => { if (mark && mark.opacity) mark.opacity = Math.min(1, 1.8 * mark.opacity); });
    // a legend stands in as many columns as its longest name leaves room for
    const letter = 6.8, symbol = 21;
    const longestOf = (names, most) => Math.min(most, Math.max(0, ...[...names].map((name) => String(name).length)));
    const sides = spec.data && y.length ? new Set(spec.data.values.map((row) => row[y[0].field])) : [];
    const wide = target.clientWidth - (y.length ? letter * longestOf(sides, letters) + 35 : 45);
    parts.forEach(({ color }) => {
      if (!color || !color.legend) return;
      const names = (color.scale && color.scale.domain) || [], longest = Math.max(1, ...names.map((name) => String(name).length));
      color.legend.columns = Math.max(1, Math.min(4, Math.floor(wide / (letter * longest + symbol))));
      color.legend.labelLimit = wide - symbol;
      const most = Math.floor((wide - symbol) / letter);
      if (longest > most) color.legend.labelExpr = JSON.stringify(Object.fromEntries(names.map((name) => [name, inLines(name, most)]))) + "[datum.label]";
    });
    if (narrow) parts.forEach((part) => { if (part.x && part.x.axis && part.x.axis.orient === "top" && part.x.axis.labelAngle) part.x.axis.labelAngle = -90; });
    // numbers that their cells cannot hold are left to the table and to the pointer
    if (own.cells && spec.layer) {
      if (wide / own.cells < 30) spec.layer = spec.layer.slice(0, 1);
    }
    // the title below an axis has the room that the names leave; it stands in lines too
    if (narrow) parts.forEach(({ x }) => { if (x && x.axis && x.axis.tickCount) x.axis.tickCount = 4; });
    if (narrow) parts.forEach((part) => { if (part.x && part.x.title) part.x.title = inLines(part.x.title, y.length ? 30 : 42); });
    parts.forEach(({ y }) => { if (y && y.type === "quantitative" && y.title) y.title = inLines(y.title, 30); });
    if (!y.length || !spec.data) return;
    const names = [...new Set(spec.data.values.map((row) => row[y[0].field]))].filter((name) => name !== null);
    const lines = Object.fromEntries(names.map((name) => [name, inLines(name)]));
    const most = Math.max(1, ...Object.values(lines).map((each) => each.length));
    // the first line of a label stands at its row: it is moved up, so that its middle does
    const above = [...new Set(names.map((name) => lines[name].length))].filter((number) => number > 1).map((number) => ({
      test: `indexof(${JSON.stringify(names.filter((name) => lines[name].length === number))}, datum.value) >= 0`, value: -(number - 1) * lineHeight / 2,
    }));
    if (most > 1) y.forEach((each) => { each.axis = { ...each.axis, labelExpr: JSON.stringify(lines) + "[datum.label]", labelLineHeight: lineHeight, labelOffset: { condition: above, value: 0 } }; });
    if (typeof spec.height === "number") spec.height = Math.max(spec.height, names.length * (most * lineHeight + 6));
  };
  const draw = async (place) => {
    const text = place.querySelector("script").textContent;
    const spec = JSON.parse(dark ? text.replace(/#[0-9a-f]{6}/g, (ink) => bright[ink] || ink) : text);
    const target = place.querySelector(".vega");
    wrap(spec, target);
    const result = await vegaEmbed(target, spec, { actions: false, renderer: "svg", config, mode: "vega-lite" });
    if ((spec.params || []).some((p) => p.name === "group")) views.push(result.view);
    place.dataset.drawn = "yes";
  };
  const choose = (group) => {
    views.forEach((view) => view.signal("group", group).runAsync());
    document.querySelectorAll(".card[data-group]").forEach((card) => card.classList.toggle("chosen", card.dataset.group === group));
    const select = document.getElementById("choice");
    if (select && select.value !== group) select.value = group;
    document.body.dataset.group = group;
  };
  const sort = (button) => {
    const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
    const column = [...head.parentNode.children].indexOf(head), number = head.classList.contains("n");
    const down = head.getAttribute("aria-sort") === "descending" || (head.getAttribute("aria-sort") !== "ascending" && !number);
    const key = (row) => row.children[column].dataset.key;
    const rows = [...body.rows].sort((a, b) => {
      const x = key(a), y = key(b);
      if (number) { if (x === "") return 1; if (y === "") return -1; return down ? x - y : y - x; }
      return down ? x.localeCompare(y) : y.localeCompare(x);
    });
    table.querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "ascending" : "descending");
    body.append(...rows);
  };
  document.querySelectorAll("th button").forEach((button) => button.addEventListener("click", () => sort(button)));
  document.querySelectorAll(".card[data-group] button").forEach((button) =>
    button.addEventListener("click", () => choose(button.closest(".card").dataset.group)));
  const select = document.getElementById("choice");
  if (select) { select.addEventListener("change", () => choose(select.value)); select.closest(".choice").hidden = false; }
  // on a narrow page a table stands as a list only where it does not fit, or where a cell would be a column of single words;
  // the keyboard stops at boxes that scroll alone
  const scrolls = (box) => box.scrollWidth > box.clientWidth;
  const mostLines = 6, lineOfText = 21;
  const squeezed = (table) => narrow && [...table.tBodies[0].rows].some((row) => row.offsetHeight > mostLines * lineOfText);
  const fit = () => document.querySelectorAll(".scroll").forEach((box) => {
    const table = box.querySelector("table.wide");
    if (table) { table.classList.remove("stack"); table.classList.toggle("stack", scrolls(box) || squeezed(table)); }
    box.tabIndex = scrolls(box) ? 0 : -1;
  });
  window.addEventListener("resize", fit); fit();
  document.querySelectorAll("details").forEach((d) => d.addEventListener("toggle", () => window.dispatchEvent(new Event("resize"))));
  if (typeof vegaEmbed !== "undefined")
    Promise.all([...document.querySelectorAll(".chart")].map(draw)).then(() => { document.body.dataset.ready = "yes"; });
  else document.body.dataset.ready = "yes";
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
})();
