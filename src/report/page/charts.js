// The charts over time: a span that is selected in one is selected in all, and the doctor's findings are marked above
// each at the times when they apply.
/* global Chart */
/* exported makeCharts */
"use strict";

// clock(second): as text; marks: [{number, severity, spans: [[from, to], ...]}]; selected(from, to, all): called with a new span.
function makeCharts(seconds, clock, marks, selected) {
  const colours = ["#2f81f7", "#db4a9c", "#2da44e", "#e16f24", "#a371f7", "#b08800", "#1b9e9e", "#848d97"];
  const width = seconds.length > 1 ? seconds[1] - seconds[0] : 1;
  const last = seconds[seconds.length - 1] + width;
  const rowHeight = 14;
  const made = [];
  const overTime = [];
  let span = [0, last];
  let dragged = null; // [from, to] in seconds, while the button is down

  const theme = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const short = (name) => (name.length > 40 ? `${name.slice(0, 39)}\u2026` : name);
  const within = (second) => Math.min(last, Math.max(0, second));

  // One strip per finding above the chart, with its number, and the span that is being selected.
  const strips = {
    id: "strips",
    afterDraw({ ctx, chartArea, scales }) {
      const x = (second) => Math.min(chartArea.right, Math.max(chartArea.left, scales.x.getPixelForValue(within(second))));
      ctx.save();
      ctx.font = "600 10px system-ui, sans-serif";
      ctx.textBaseline = "middle";
      marks.forEach((mark, row) => {
        const top = chartArea.top - (marks.length - row) * rowHeight;
        ctx.fillStyle = theme(mark.severity);
        ctx.textAlign = "right";
        ctx.fillText(mark.number, chartArea.left - 4, top + rowHeight / 2);
        for (const [from, to] of mark.spans)
          if (to > span[0] && from < span[1]) ctx.fillRect(x(from), top + 2, Math.max(2, x(to) - x(from)), rowHeight - 5);
      });
      if (dragged !== null) {
        ctx.globalAlpha = 0.25;
        ctx.fillStyle = theme("text");
        const [from, to] = dragged.map(x).sort((a, b) => a - b);
        ctx.fillRect(from, chartArea.top, to - from, chartArea.bottom - chartArea.top);
      }
      ctx.restore();
    },
  };

  // Sets the colours of a chart or of its configuration.
  function paint({ options, data }) {
    const [text, line, limit] = ["text", "line", "critical"].map(theme);
    for (const scale of Object.values(options.scales)) {
      scale.ticks.color = text;
      scale.grid.color = line;
      scale.title.color = text;
    }
    options.plugins.legend.labels.color = text;
    for (const dataset of data.datasets) if (dataset.isLimit) dataset.borderColor = limit;
  }

  function colour(one) {
    paint(one);
    one.update();
  }

  function chart(id, type, labels, datasets, options) {
    const config = {
      type,
      data: { labels, datasets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
        interaction: { mode: "index", intersect: false },
        elements: { point: { radius: seconds.length <= 60 ? 2 : 0 } },
        ...options,
      },
      plugins: type === "line" ? [strips] : [],
    };
    paint(config);
    const one = new Chart(document.getElementById(id), config);
    made.push(one);
    readByKeys(one);
    return one;
  }

  // Arrow keys move the tooltip, as the pointer does.
  function readByKeys(one) {
    let at = -1;
    one.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Escape: 0 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const count = one.data.labels.length;
      at = step === 0 ? -1 : Math.min(count - 1, Math.max(0, at + step));
      const active = one.data.datasets.map((_, datasetIndex) => ({ datasetIndex, index: at }))
        .filter((each) => at >= 0 && one.isDatasetVisible(each.datasetIndex));
      one.setActiveElements(active);
      one.tooltip.setActiveElements(active, { x: 0, y: 0 });
      one.update();
    });
  }

  function selectByDragging(one) {
    const at = (event) => within(one.scales.x.getValueForPixel(event.clientX - one.canvas.getBoundingClientRect().left));
    const draw = () => overTime.forEach((each) => each.draw());
    one.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      one.canvas.setPointerCapture(event.pointerId);
      dragged = [at(event), at(event)];
    });
    one.canvas.addEventListener("pointermove", (event) => {
      if (dragged === null) return;
      dragged[1] = at(event);
      draw();
    });
    one.canvas.addEventListener("pointerup", () => {
      const ends = dragged;
      dragged = null;
      if (ends !== null && Math.abs(ends[1] - ends[0]) >= 1) select(ends[0], ends[1]);
      else draw();
    });
    one.canvas.addEventListener("pointercancel", () => { dragged = null; });
    one.canvas.addEventListener("dblclick", () => select(0, last));
  }

  function select(from, to) {
    const low = Math.round(within(Math.min(from, to)));
    const high = Math.round(within(Math.max(from, to)));
    if (!(high > low)) return;
    const changed = low !== span[0] || high !== span[1];
    span = [low, high];
    for (const one of changed ? overTime : []) {
      one.options.scales.x.min = low;
      one.options.scales.x.max = high;
      one.update();
    }
    selected(low, high, low === 0 && high === last);
  }

  // lines and limits: [{name, values}]. A limit that is far above the lines is shown in the legend only, because it
  // would flatten the lines.
  function time(id, title, stacked, lines, limits) {
    const most = Math.max(0, ...lines.map((line) => Math.max(0, ...line.values)));
    const datasets = lines.map((line, at) => ({
      label: short(line.name), data: line.values, borderColor: colours[at % colours.length],
      backgroundColor: colours[at % colours.length] + (stacked ? "99" : "00"), fill: stacked, borderWidth: 1.5,
      stepped: stacked ? "after" : false, spanGaps: true,
    }));
    for (const limit of limits)
      datasets.push({
        label: short(limit.name), data: limit.values, isLimit: true, borderDash: [6, 4], borderWidth: 1.5, spanGaps: true,
        stack: "limit", hidden: Math.max(0, ...limit.values) > 4 * most,
      });
    const one = chart(id, "line", seconds, datasets, {
      layout: { padding: { top: marks.length * rowHeight } },
      plugins: {
        legend: { position: "bottom", labels: { boxWidth: 24, boxHeight: stacked ? 8 : 0 } },
        tooltip: { callbacks: { title: (items) => (items.length > 0 ? clock(items[0].parsed.x) : "") } },
      },
      scales: {
        x: { type: "linear", min: 0, max: last, ticks: { callback: clock, precision: 0, maxRotation: 0, autoSkipPadding: 16 }, grid: {}, title: {} },
        y: { beginAtZero: true, stacked, ticks: {}, grid: {}, title: { display: true, text: title } },
      },
    });
    overTime.push(one);
    selectByDragging(one);
  }

  function histogram(id, labels, values, title) {
    chart(id, "bar", labels, [{ label: "connections", data: values, backgroundColor: colours[0] }], {
      plugins: { legend: { display: false, labels: {} } },
      scales: {
        x: { ticks: {}, grid: {}, title: { display: true, text: title } },
        y: { beginAtZero: true, ticks: {}, grid: {}, title: { display: true, text: "connections" } },
      },
    });
  }

  // Paper is light, and narrower than most screens.
  function paper(on) {
    if (on) document.documentElement.dataset.paper = "true";
    else delete document.documentElement.dataset.paper;
    for (const one of made) {
      if (on) one.resize(680, 230);
      else one.resize();
      colour(one);
    }
  }
  window.addEventListener("beforeprint", () => paper(true));
  window.addEventListener("afterprint", () => paper(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => made.forEach(colour));

  return { time, histogram, select, last };
}
