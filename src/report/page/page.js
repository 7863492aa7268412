// The page of `twtrace report`. All text is inserted as text nodes, because names are untrusted.
/* global Chart, makeCharts */
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { summary, doctor, series } = data;
  const byId = (id) => document.getElementById(id);
  const rows_at_first = 100;
  const findings_marked = 5;

  // Creating a format costs more than using it a thousand times.
  const formats = [0, 1].map((digits) => new Intl.NumberFormat("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }));
  const number = (value, digits = 0) => formats[digits].format(value);
  const start = Date.parse(summary.start);
  const days = new Date(start).toISOString().slice(0, 10) !==
    new Date(start + 1000 * summary.duration_s).toISOString().slice(0, 10);
  const clock = (second) => new Date(start + 1000 * second).toISOString().slice(days ? 5 : 11, 19).replace("T", " ");

  // Characters that change the direction of what follows, or that can't be seen.
  const visible = (text) => String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

  function element(name, text, parent, className) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = visible(text);
    if (className) made.className = className;
    if (parent) parent.append(made);
    return made;
  }

  // How a value is shown; an unknown one is shown as a dash.
  const shown = {
    text: (value) => value,
    long: (value) => value,
    number: (value) => number(value, Number.isInteger(value) ? 0 : 1),
    port: (value) => String(value),
    percent: (value) => `${number(100 * value, 1)} %`,
    us: (value) => (value < 1e3 ? `${value} us` : value < 1e6 ? `${number(value / 1e3, 1)} ms` : `${number(value / 1e6, 1)} s`),
  };

  function compare(a, b) {
    if (a === b) return 0;
    return a > b ? 1 : -1;
  }

  // columns: [title, key of shown]; rows: arrays of values. A click on a title sorts. Returns a function that shows
  // only the rows that pass a test.
  function table(parent, columns, rows, isFirst = () => false) {
    const frame = element("div", null, parent, "table");
    const made = element("table", null, frame);
    const head = element("tr", null, element("thead", null, made));
    const body = element("tbody", null, made);
    const more = element("button", null, parent, "more");
    more.type = "button";
    let passing = rows.slice();
    let most = rows_at_first;
    let sorted = null;
    let falling = false;
    let test = () => true;
    const isNumber = (at) => columns[at][1] !== "text" && columns[at][1] !== "long";
    const fill = () => {
      passing = rows.filter(test);
      // Unknown values are last in both orders.
      if (sorted !== null)
        passing.sort((a, b) => (a[sorted] === null) - (b[sorted] === null) ||
          compare(a[sorted], b[sorted]) * (falling ? -1 : 1));
      body.replaceChildren();
      for (const row of passing.slice(0, most)) {
        const line = element("tr", null, body, sorted === null && isFirst(row) ? "first" : "");
        row.slice(0, columns.length).forEach((value, at) => element("td",
          value === null || value === undefined ? "-" : shown[columns[at][1]](value), line, isNumber(at) ? "number" : columns[at][1]));
      }
      more.hidden = passing.length <= most;
      more.textContent = `all ${number(passing.length)} rows`;
    };
    more.addEventListener("click", () => { most = rows.length; fill(); });
    columns.forEach(([title], at) => {
      const cell = element("th", null, head, isNumber(at) ? "number" : "");
      cell.scope = "col";
      const button = element("button", title, cell);
      button.type = "button";
      button.addEventListener("click", () => {
        falling = sorted === at ? !falling : isNumber(at);
        sorted = at;
        for (const other of head.children) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
        fill();
      });
    });
    fill();
    return (next) => { test = next; fill(); return passing.length; };
  }

  // The table of a chart is created when it is opened: hours are thousands of cells.
  function tableBehind(id, columns, rows) {
    const details = byId(`${id}-table`);
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) table(details, columns, rows());
    });
  }

  function leftOut(parent, count, what) {
    if (count > 0) element("p", `${number(count)} smaller ${what} are not on this page.`, parent, "hint");
  }

  const who = (group) => group.service || group.comm || null;
  const held = (at) => (data.held[at] || []).filter(([from, to]) => to > from);
  const marks = doctor.findings.slice(0, findings_marked).map((finding, at) => {
    const spans = held(at);
    return { number: at + 1, severity: finding.severity, spans: spans.length > 0 ? spans : [[0, summary.duration_s]] };
  });

  const charts = makeCharts(series.seconds, clock, marks, (from, to, all) => {
    byId("from").value = from;
    byId("to").value = to;
    byId("selected").textContent = all ? "" : `Selected: ${clock(from)} to ${clock(to)} UTC.`;
  });

  function since(at) {
    const spans = held(at);
    if (spans.length === 0) return "over the whole span";
    const [from, to] = [spans[0][0], spans[spans.length - 1][1]];
    const begin = from <= 0 ? "from the beginning" : `since about ${clock(from)} UTC`;
    const gaps = spans.length > 1 ? `, in ${spans.length} parts` : "";
    return begin + (to >= Math.floor(summary.duration_s) - 1 ? " to the end" : ` to ${clock(to)} UTC`) + gaps;
  }

  function verdict() {
    byId("title").textContent = visible(`twtrace report: ${summary.host || "-"}`);
    document.title = byId("title").textContent;
    const worst = doctor.findings[0];
    byId("verdict").textContent = worst ? visible(worst.title) : "Nothing to do: connections are handled well.";
    byId("verdict").classList.add(worst ? worst.severity : "good");
    if (worst) {
      const parts = [`This holds ${since(0)}.`, `Over the whole span: ${worst.evidence[0] || worst.meaning}.`];
      const expected = worst.expected || [];
      if (worst.gain > 0) parts.push(`What helps most: ${expected[0]}.`);
      byId("lead").textContent = visible(parts.join(" "));
    }
    const seconds = Math.max(1e-9, summary.duration_s);
    byId("span").textContent = `${summary.start.slice(0, 19).replace("T", " ")} to ${summary.end.slice(0, 19).replace("T", " ")} UTC: ` +
      `${number(summary.totals.time_wait)} entries into TIME_WAIT (${number(summary.totals.time_wait / seconds, 1)}/s), ` +
      `${number(summary.totals.port_exhausted)} connects without a free port.`;
  }

  function findings() {
    const parent = byId("findings");
    if (doctor.findings.length === 0) element("p", "The doctor found nothing.", parent);
    doctor.findings.forEach((one, at) => {
      const article = element("article", null, parent, one.severity);
      const title = element("h3", null, article);
      element("span", `${at + 1} ${one.severity}`, title, "severity");
      title.append(visible(`: ${one.title}`));
      const line = element("p", `Holds ${since(at)}. `, article, "held hint");
      const spans = held(at);
      if (spans.length > 0 && (spans[0][0] > 0 || spans[spans.length - 1][1] < charts.last)) {
        const button = element("button", "Select it in the charts", line, "screen");
        button.type = "button";
        button.addEventListener("click", () => charts.select(spans[0][0], spans[spans.length - 1][1]));
      }
      const list = element("ul", null, article);
      for (const evidence of one.evidence) element("li", evidence, list);
      element("p", one.meaning, article);
      if (one.fix.length > 0) element("pre", one.fix.join("\n"), article);
      for (const expected of one.expected || []) element("p", `Expect: ${expected}`, article);
    });
    leftOut(parent, data.left_out.findings, "findings");
  }

  function overTime(id, title, stacked, lines, limits) {
    charts.time(id, title, stacked, lines, limits);
    const all = [...lines, ...limits];
    tableBehind(id, [["UTC", "text"], ...all.map((one) => [one.name, "number"])],
      () => series.seconds.map((second, at) => [clock(second), ...all.map((one) => one.values[at])]));
  }

  const highest = (line) => Math.max(0, ...line.values);

  function timeCharts() {
    overTime("closes", "entries/s", true, series.closes, []);
    byId("closes-note").textContent = marks.length > 0 ?
      "The numbered strips above the charts are the findings, where they hold." : "";
    const always = (value) => series.seconds.map(() => value);
    overTime("ports", "% of the usable ports", false, series.ports,
      series.ports.length === 0 ? [] : [{ name: "all of them", values: always(100) },
        { name: "half: connect() becomes slow", values: always(50) }]);
    byId("ports-note").textContent = series.ports.length === 0 ? "No client took a port." :
      visible(`At most ${series.ports.slice(0, 3).map((one) => `${number(highest(one), 1)} % to ${one.name}`).join(", ")}. ` +
        "Ports that connect() may take over (tcp_tw_reuse) count as taken here, and not in the tables below.");
    overTime("present", "sockets", false, series.present,
      series.limits.map((one) => ({ name: `${one.name}: limit`, values: one.values })));
    byId("present-note").textContent = visible(series.present.map((one) => {
      const limit = series.limits.find((each) => each.name === one.name);
      const most = highest(one);
      return `${one.name}: at most ${number(most)}` + (limit ?
        ` of ${number(highest(limit))} (${number(100 * most / highest(limit), 1)} %, net.ipv4.tcp_max_tw_buckets)` : "");
    }).join("; "));
    charts.histogram("lifetimes", data.lifetimes.map((one) => one.below), data.lifetimes.map((one) => one.count), "shorter than");
    tableBehind("lifetimes", [["shorter than", "text"], ["connections", "number"]],
      () => data.lifetimes.map((one) => [one.below, one.count]));
  }

  function services() {
    const life = (group, key) => (group.lifetime_us ? group.lifetime_us[key] : null);
    table(byId("how"), [["service", "text"], ["role", "text"], ["TIME_WAIT", "number"], ["share", "percent"],
      ["a second", "number"], ["close", "number"], ["shutdown", "number"], ["exit", "number"], ["kernel", "number"],
      ["passive closes", "number"], ["aborted", "number"], ["no port", "number"], ["lived p50", "us"], ["p99", "us"]],
    summary.groups.map((one) => [who(one), one.role, one.time_wait, one.share, one.rate, one.how.close, one.how.shutdown,
      one.how.exit, one.how.kernel, one.passive_close, one.aborted, one.port_exhausted, life(one, "p50"), life(one, "p99")]));
    leftOut(byId("how"), data.left_out.groups, "services");
  }

  function peers() {
    const rows = [];
    const place = (peer) => (peer.remote_service ? `${peer.remote_addr} (${peer.remote_service})` : peer.remote_addr);
    for (const group of summary.groups)
      for (const peer of group.peers)
        rows.push([who(group), group.role, place(peer), peer.service_port, peer.time_wait, peer.port_use]);
    const filter = table(byId("peers"), [["service", "text"], ["role", "text"], ["peer", "text"], ["port", "port"],
      ["TIME_WAIT", "number"], ["ports", "percent"]], rows);
    byId("filter").addEventListener("input", () => {
      const text = byId("filter").value.toLowerCase();
      const left = filter((row) => row.some((value) => value !== null && visible(value).toLowerCase().includes(text)));
      byId("filtered").textContent = text === "" ? "" : `${number(left)} of ${number(rows.length)}`;
    });
    leftOut(byId("peers"), data.left_out.peers, "peers");
  }

  function whatIf() {
    const rows = [];
    const row = (names, effect, caveat, first) => rows.push([...names, effect.closes_per_s, effect.port_use, caveat, first]);
    for (const one of data.whatif.predictions) {
      const peer = one.role === "server" ? `clients of port ${one.service_port}` : `${one.remote_addr} port ${one.service_port}`;
      row([one.service, peer, "today"], one.today, "", true);
      for (const remedy of one.remedies.filter((each) => each.helps))
        row([one.service, peer, remedy.title], remedy.effect, remedy.caveat || "", false);
    }
    if (rows.length === 0) {
      element("p", "No connection was closed first from this host.", byId("whatif"));
      return;
    }
    table(byId("whatif"), [["service", "text"], ["towards", "text"], ["with", "long"], ["closes/s", "number"], ["ports", "percent"],
      ["but", "long"]], rows, (each) => each[6]);
    leftOut(byId("whatif"), data.left_out.predictions, "destinations");
  }

  function settings() {
    const range = (one) => (one.ip_local_port_range ? one.ip_local_port_range.join(" ") : null);
    table(byId("settings"), [["namespace", "text"], ["TIME_WAIT now", "number"], ["usable ports", "number"],
      ["ip_local_port_range", "text"], ["tcp_tw_reuse", "number"], ["tcp_timestamps", "number"], ["tcp_fin_timeout", "number"],
      ["tcp_max_tw_buckets", "number"]], doctor.namespaces.map((one) => [one.name, one.time_wait_sockets, one.usable_ports,
      range(one), one.tcp_tw_reuse, one.tcp_timestamps, one.tcp_fin_timeout, one.tcp_max_tw_buckets]));
    leftOut(byId("settings"), data.left_out.namespaces, "namespaces");
  }

  verdict();
  findings();
  timeCharts();
  services();
  peers();
  whatIf();
  settings();
  byId("accounting").textContent = data.accounting;
  byId("made").textContent = `twtrace ${data.version}; charts by Chart.js ${Chart.version} (MIT licence)`;
  const typed = () => charts.select(Number(byId("from").value), Number(byId("to").value || charts.last));
  byId("from").addEventListener("change", typed);
  byId("to").addEventListener("change", typed);
  byId("all").addEventListener("click", () => charts.select(0, charts.last));
  charts.select(0, charts.last);
  document.documentElement.dataset.ready = "true";
})();
