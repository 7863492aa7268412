// The page of `twtrace report`. All text goes in as text nodes: names come from outside.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const colours = ["#0969da", "#bf3989", "#1a7f37", "#bc4c00", "#8250df", "#9a6700", "#0e8a8a", "#57606a"];
  const number = (value, digits = 0) =>
    value === null || value === undefined ? "-" :
      value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
  const percent = (value) => value === null || value === undefined ? "-" : `${number(value * 100, 1)} %`;

  function element(name, text, parent, className) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    if (parent) parent.append(made);
    return made;
  }

  // columns: [title, is a number]; rows: arrays of values. Sorted by a click on a title.
  function table(parent, columns, rows) {
    parent.replaceChildren();
    const made = element("table", null, parent);
    const head = element("tr", null, element("thead", null, made));
    const body = element("tbody", null, made);
    let sorted = null;
    let falling = false;
    const fill = () => {
      body.replaceChildren();
      for (const row of rows) {
        const line = element("tr", null, body);
        row.forEach((value, at) => element("td", typeof value === "number" ? number(value, value % 1 ? 1 : 0) : value,
          line, columns[at][1] ? "number" : ""));
      }
    };
    columns.forEach(([title, isNumber], at) => {
      const cell = element("th", null, head, isNumber ? "number" : "");
      cell.scope = "col";
      const button = element("button", title, cell);
      button.type = "button";
      button.addEventListener("click", () => {
        falling = sorted === at ? !falling : isNumber;
        sorted = at;
        rows.sort((a, b) => (a[at] > b[at] ? 1 : a[at] < b[at] ? -1 : 0) * (falling ? -1 : 1));
        cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
        fill();
      });
    });
    fill();
    return body;
  }

  const charts = [];
  const seconds = data.series.seconds;
  const theme = () => getComputedStyle(document.documentElement);

  function chart(id, type, labels, datasets, options = {}) {
    const made = new Chart(byId(id), {
      type,
      data: { labels, datasets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
        interaction: { mode: "index", intersect: false },
        elements: { point: { radius: 0 } },
        ...options,
      },
    });
    colour(made);
    return made;
  }

  function colour(made) {
    const text = theme().getPropertyValue("--text").trim();
    const line = theme().getPropertyValue("--line").trim();
    for (const scale of Object.values(made.options.scales || {})) {
      scale.ticks = { ...scale.ticks, color: text };
      scale.grid = { ...scale.grid, color: line };
      if (scale.title) scale.title = { ...scale.title, color: text };
    }
    made.options.plugins.legend = { ...made.options.plugins.legend, labels: { color: text } };
    made.update();
  }

  function timeChart(id, lines, title, stacked) {
    const datasets = lines.map((one, at) => ({
      label: one.name, data: one.values, borderColor: colours[at % colours.length],
      backgroundColor: colours[at % colours.length] + (stacked ? "99" : "00"), fill: stacked, borderWidth: 1.5,
      stepped: stacked ? "after" : false, borderDash: one.limit ? [6, 4] : [], spanGaps: true,
    }));
    const made = chart(id, "line", seconds, datasets, {
      scales: {
        x: { type: "linear", min: 0, max: seconds[seconds.length - 1],
          title: { display: true, text: `seconds since ${data.summary.start}` } },
        y: { beginAtZero: true, stacked, title: { display: true, text: title } },
      },
    });
    charts.push(made);
    table(byId(`${id}-table`), [["second", true], ...lines.map((one) => [one.name, true])],
      seconds.map((second, at) => [second, ...lines.map((one) => one.values[at])]));
    selectByDragging(made);
  }

  function select(from, to) {
    const last = seconds[seconds.length - 1];
    const low = Math.max(0, Math.min(from, to));
    const high = Math.min(last, Math.max(from, to));
    if (!(high > low)) return;
    byId("from").value = Math.round(low);
    byId("to").value = Math.round(high);
    for (const one of charts) {
      one.options.scales.x.min = low;
      one.options.scales.x.max = high;
      one.update();
    }
  }

  function selectByDragging(made) {
    let began = null;
    const at = (event) => made.scales.x.getValueForPixel(event.clientX - made.canvas.getBoundingClientRect().left);
    made.canvas.addEventListener("pointerdown", (event) => { began = at(event); });
    made.canvas.addEventListener("pointerup", (event) => {
      if (began !== null && Math.abs(at(event) - began) >= 1) select(began, at(event));
      began = null;
    });
  }

  function findings() {
    const parent = byId("findings");
    if (data.doctor.findings.length === 0) element("p", "The doctor found nothing.", parent);
    for (const one of data.doctor.findings) {
      const article = element("article", null, parent, one.severity);
      element("h3", `${one.severity.toUpperCase()}: ${one.title}`, article);
      const list = element("ul", null, article);
      for (const line of one.evidence) element("li", line, list);
      element("p", one.meaning, article);
      if (one.fix.length > 0) element("pre", one.fix.join("\n"), article);
      for (const line of one.expected || []) element("p", `Expect: ${line}`, article);
    }
  }

  function peers() {
    const rows = [];
    for (const group of data.summary.groups)
      for (const peer of group.peers.length > 0 ? group.peers : [{}])
        rows.push([group.service || group.comm || "-", group.role || "-", peer.remote_addr || "-",
          String(peer.service_port ?? "-"), peer.time_wait ?? group.time_wait, peer.port_use === undefined ||
          peer.port_use === null ? "-" : percent(peer.port_use), group.passive_close, group.port_exhausted]);
    const columns = [["service", false], ["role", false], ["peer", false], ["port", true], ["TIME_WAIT", true],
      ["ports", true], ["passive closes", true], ["no port", true]];
    const show = () => {
      const text = byId("filter").value.toLowerCase();
      table(byId("peers"), columns,
        rows.filter((row) => row.some((value) => String(value).toLowerCase().includes(text))));
    };
    byId("filter").addEventListener("input", show);
    show();
  }

  function whatIf() {
    const rows = [];
    for (const one of data.whatif.predictions.slice(0, 10)) {
      const who = `${one.service || "-"} -> ${one.remote_addr ? `${one.remote_addr}:` : "port "}${one.service_port}`;
      rows.push([who, "today", one.today.closes_per_s, percent(one.today.port_use), ""]);
      for (const remedy of one.remedies.filter((each) => each.helps))
        rows.push([who, remedy.title, remedy.effect.closes_per_s, percent(remedy.effect.port_use), remedy.caveat || ""]);
    }
    table(byId("whatif"), [["who", false], ["remedy", false], ["closes/s", true], ["ports", true], ["but", false]], rows);
  }

  byId("title").textContent = `twtrace report: ${data.summary.host}`;
  const worst = data.doctor.findings[0];
  byId("verdict").textContent = worst ? worst.title : "Nothing to do: connections are handled well.";
  byId("verdict").classList.add(worst && worst.severity !== "note" ? "bad" : "good");
  byId("span").textContent = `${data.summary.start} to ${data.summary.end}: ` +
    `${number(data.summary.totals.time_wait)} entries into TIME_WAIT ` +
    `(${number(data.summary.totals.time_wait / Math.max(1e-9, data.summary.duration_s), 1)}/s), ` +
    `${number(data.summary.totals.port_exhausted)} connects without a free port`;
  findings();
  timeChart("closes", data.series.closes, "entries/s", true);
  timeChart("ports", data.series.ports, "% of the ephemeral ports", false);
  timeChart("present", data.series.present, "sockets", false);
  const lived = chart("lifetimes", "bar", data.lifetimes.map((one) => one.below),
    [{ label: "connections", data: data.lifetimes.map((one) => one.count), backgroundColor: colours[0] }],
    { scales: { x: { title: { display: true, text: "shorter than" } }, y: { beginAtZero: true } } });
  table(byId("lifetimes-table"), [["shorter than", false], ["connections", true]],
    data.lifetimes.map((one) => [one.below, one.count]));
  peers();
  table(byId("how"), [["service", false], ["role", false], ["close", true], ["shutdown", true], ["exit", true],
    ["kernel", true]], data.summary.groups.map((group) => [group.service || group.comm || "-", group.role || "-",
    group.how.close, group.how.shutdown, group.how.exit, group.how.kernel]));
  whatIf();
  table(byId("settings"), [["namespace", false], ["TIME_WAIT now", true], ["usable ports", true], ["tcp_tw_reuse", true],
    ["tcp_max_tw_buckets", true]], data.doctor.namespaces.map((one) => [one.name, one.time_wait_sockets ?? "-",
    one.usable_ports ?? "-", one.tcp_tw_reuse ?? "-", one.tcp_max_tw_buckets ?? "-"]));
  byId("accounting").textContent = data.accounting;
  byId("made").textContent = `twtrace ${data.version}; charts by Chart.js (MIT licence)`;
  byId("from").addEventListener("change", () => select(Number(byId("from").value), Number(byId("to").value)));
  byId("to").addEventListener("change", () => select(Number(byId("from").value), Number(byId("to").value)));
  byId("all").addEventListener("click", () => select(0, seconds[seconds.length - 1]));
  select(0, seconds[seconds.length - 1]);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...charts, lived].forEach(colour));
  window.addEventListener("beforeprint", () => [...charts, lived].forEach((one) => { one.resize(); colour(one); }));
  document.documentElement.dataset.ready = "true";
})();
