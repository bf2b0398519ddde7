/* global dashboard, uPlot, document */
// The page behind docs/dashboard.png: what Grafana would make of the same JSON, as far as a picture needs it.

const unit = { width: (document.documentElement.clientWidth - 16) / 24, height: 30 };
const palette = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#37872d", "#8ab8ff", "#ffb357"];
const colours = { green: "#299c46", yellow: "#d9a400", red: "#d44a3a" };

function text(value, unitName) {
  if (value === null || Number.isNaN(value)) return "";
  const round = (number) => String(Number(number.toPrecision(3)));
  const size = Math.abs(value);
  switch (unitName) {
    case "s":
      if (size === 0) return "0 s";
      if (size < 0.001) return `${round(value * 1e6)} µs`;
      if (size < 1) return `${round(value * 1000)} ms`;
      return size < 120 ? `${round(value)} s` : `${round(value / 60)} min`;
    case "percentunit":
      return `${round(value * 100)}%`;
    case "bytes":
      return size >= 2 ** 30 ? `${round(value / 2 ** 30)} GiB` : `${round(value / 2 ** 20)} MiB`;
    case "reqps":
      return `${round(value)}/s`;
    case "suffix:×":
      return `${round(value)}×`;
    default:
      return round(value);
  }
}

function colourOf(steps, value) {
  const step = [...steps].reverse().find((step) => step.value === null || value >= step.value);
  return colours[step.color];
}

const legendOf = (format, metric) => format.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? "");

function element(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent?.append(made);
  return made;
}

/** Series of all queries on one axis of time; what a query has no answer for at a moment is a gap. */
function align(panel) {
  const named = panel.targets.flatMap(({ legendFormat }, i) =>
    panel.answers[i].map(({ metric, values }) => ({ name: legendOf(legendFormat, metric), metric, values }))
  );
  const times = [...new Set(named.flatMap(({ values }) => values.map(([time]) => time)))].sort((a, b) => a - b);
  const series = named.map(({ name, metric, values }) => {
    const at = new Map(values.map(([time, value]) => [time, Number(value)]));
    return {
      name,
      metric,
      values: times.map((time) => Number.isFinite(at.get(time)) ? at.get(time) : null),
    };
  });
  return { times, series: series.filter(({ values }) => values.some((value) => value !== null)) };
}

const axes = (unitName) => [
  {
    stroke: "#9a9ba6",
    grid: { stroke: "#23262c", width: 1 },
    ticks: { show: false },
    size: 22,
    font: "10px DejaVu Sans",
    space: 90,
    values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toISOString().slice(11, 19)),
  },
  {
    stroke: "#9a9ba6",
    grid: { stroke: "#23262c", width: 1 },
    ticks: { show: false },
    size: 58,
    font: "10px DejaVu Sans",
    values: (_, ticks) => ticks.map((tick) => text(tick, unitName)),
  },
];

function thresholdLines(steps) {
  return (plot) => {
    for (const { value, color } of steps) {
      if (value === null || value > plot.scales.y.max) continue;
      const y = plot.valToPos(value, "y", true);
      plot.ctx.save();
      plot.ctx.strokeStyle = colours[color];
      plot.ctx.setLineDash([6, 5]);
      plot.ctx.beginPath();
      plot.ctx.moveTo(plot.bbox.left, y);
      plot.ctx.lineTo(plot.bbox.left + plot.bbox.width, y);
      plot.ctx.stroke();
      plot.ctx.restore();
    }
  };
}

function timeseries(panel, box, body) {
  const { times, series } = align(panel);
  const { unit: unitName, custom, thresholds } = panel.fieldConfig.defaults;
  if (series.length === 0) return nothing(body);
  const shown = series.slice(0, palette.length);
  const stacked = custom?.stacking?.mode === "normal";
  const data = shown.map(({ values }) => values);
  if (stacked) {
    for (let i = 1; i < data.length; i++) data[i] = data[i].map((value, at) => (value ?? 0) + (data[i - 1][at] ?? 0));
  }
  const legend = element("div", "legend", box);
  shown.forEach(({ name, values }, i) => {
    const entry = element("span", "", legend);
    element("i", "", entry).style.background = palette[i];
    const last = values.findLast((value) => value !== null);
    entry.append(`${name}  ${text(last, unitName)}`);
  });
  const most = Math.max(...data.flat().filter((value) => value !== null));
  new uPlot(
    {
      width: body.clientWidth,
      height: body.clientHeight,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: [0, most > 0 ? most * 1.12 : 1] } },
      axes: axes(unitName),
      hooks: { draw: custom?.thresholdsStyle?.mode === "dashed" ? [thresholdLines(thresholds.steps)] : [] },
      series: [
        {},
        ...shown.map((_, i) => ({
          stroke: palette[i],
          width: 1.4,
          fill: `${palette[i]}${stacked ? "30" : "12"}`,
          points: { show: false },
          spanGaps: true,
        })),
      ],
      // The lowest last, so that each stays visible.
    },
    [times, ...data],
    body,
  );
}

function heatmap(panel, body) {
  const { times, series } = align(panel);
  if (series.length === 0) return nothing(body);
  const bound = ({ metric }) => metric.le === "+Inf" ? Infinity : Number(metric.le);
  const rows = [...series].sort((a, b) => bound(a) - bound(b));
  // Buckets hold all that is below; a cell is what is between two of them.
  const cells = rows.map(({ values }, i) =>
    values.map((value, at) => Math.max(0, (value ?? 0) - (rows[i - 1]?.values[at] ?? 0)))
  );
  const most = Math.log1p(Math.max(...cells.flat()));
  const canvas = element("canvas", "", body);
  const [width, height, left, bottom] = [body.clientWidth, body.clientHeight, 58, 22];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const cell = { width: (width - left - 12) / times.length, height: (height - bottom - 4) / rows.length };
  context.font = "10px DejaVu Sans";
  context.fillStyle = "#9a9ba6";
  rows.forEach((row, i) => {
    const y = height - bottom - (i + 1) * cell.height;
    context.fillStyle = "#9a9ba6";
    context.textAlign = "right";
    context.fillText(row.metric.le === "+Inf" ? "more" : text(bound(row), "s"), left - 6, y + cell.height / 2 + 3);
    cells[i].forEach((count, at) => {
      // A moment in a thousand counts, too: the scale is that of logarithms.
      const share = count < 0.5 ? 0 : Math.log1p(count) / most;
      if (share === 0) return;
      context.fillStyle = `hsl(${220 - 190 * share} 75% ${22 + 35 * share}%)`;
      context.fillRect(left + at * cell.width, y + 1, Math.ceil(cell.width) - 0.5, cell.height - 1);
    });
  });
  context.fillStyle = "#9a9ba6";
  context.textAlign = "center";
  for (const share of [0.15, 0.5, 0.85]) {
    const time = times[Math.floor(times.length * share)];
    context.fillText(new Date(time * 1000).toISOString().slice(11, 19), left + share * (width - left - 12), height - 7);
  }
}

function stat(panel, box, body) {
  const { unit: unitName, thresholds } = panel.fieldConfig.defaults;
  const value = Number(panel.answers[0][0]?.value[1]);
  const shown = element("div", "stat", body);
  shown.textContent = Number.isNaN(value) ? "–" : text(value, unitName);
  if (panel.options.colorMode === "background") box.style.background = colourOf(thresholds.steps, value);
}

function gauge(panel, body) {
  const { unit: unitName, thresholds, max } = panel.fieldConfig.defaults;
  const canvas = element("canvas", "", body);
  const [width, height] = [body.clientWidth, body.clientHeight];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const results = panel.answers[0];
  results.forEach(({ metric, value: [, raw] }, i) => {
    const value = Number(raw);
    const x = width * (i + 0.5) / results.length;
    const [y, radius] = [height * 0.72, Math.min(height * 0.55, width / results.length * 0.38)];
    const arc = (from, to, colour, lineWidth, r) => {
      context.strokeStyle = colour;
      context.lineWidth = lineWidth;
      context.beginPath();
      context.arc(x, y, r, Math.PI * (1 + from / max), Math.PI * (1 + to / max));
      context.stroke();
    };
    arc(0, max, "#2b2d33", 20, radius);
    arc(0, Math.min(value, max), colourOf(thresholds.steps, value), 20, radius);
    thresholds.steps.forEach((step, at) =>
      arc(step.value ?? 0, thresholds.steps[at + 1]?.value ?? max, colours[step.color], 4, radius + 15)
    );
    context.fillStyle = "#fff";
    context.textAlign = "center";
    context.font = "bold 26px DejaVu Sans";
    context.fillText(text(value, unitName), x, y - 6);
    context.font = "12px DejaVu Sans";
    context.fillStyle = "#ccccdc";
    context.fillText(metric.pool, x, y + 20);
  });
}

function table(panel, body) {
  const columns = ["job", "instance", "runtime", "version", "engine"];
  const made = element("table", "", body);
  const head = element("tr", "", made);
  for (const column of [...columns, "uptime"]) element("th", "", head).textContent = column;
  for (const { metric, value } of panel.answers[0]) {
    const row = element("tr", "", made);
    for (const column of columns) element("td", "", row).textContent = metric[column];
    element("td", "", row).textContent = text(Number(value[1]), "s");
  }
}

function nothing(body) {
  element("div", "nothing", body).textContent = "nothing, which is good";
}

const grid = element("div", "grid", document.body);
let bottom = 0;
for (const panel of dashboard.panels) {
  if (panel.collapsed) continue;
  const { x, y, w, h } = panel.gridPos;
  const place = element("div", panel.type === "row" ? "row" : "panel", grid);
  Object.assign(place.style, {
    left: `${x * unit.width}px`,
    top: `${y * unit.height}px`,
    width: `${w * unit.width}px`,
    height: `${h * unit.height}px`,
  });
  bottom = Math.max(bottom, (y + h) * unit.height);
  if (panel.type === "row") {
    place.textContent = panel.title;
    continue;
  }
  const box = element("div", "box", place);
  element("div", "title", box).textContent = panel.title;
  const body = element("div", "body", box);
  if (panel.type === "timeseries") timeseries(panel, box, body);
  else if (panel.type === "heatmap") heatmap(panel, body);
  else if (panel.type === "stat") stat(panel, box, body);
  else if (panel.type === "gauge") gauge(panel, body);
  else table(panel, body);
}
grid.style.height = `${bottom + 8}px`;
