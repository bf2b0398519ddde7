/**
 * What runs in the browser: asks once a second what is new, and shows it.
 *
 * @module
 */

import { Chart } from "./charts.ts";
import { h, Keyed, pictureButton, setText } from "./dom.ts";
import { Heat } from "./heat.ts";
import type { Finding } from "../../src/live/finding.ts";
import type { Message, PoolRow, RouteRow, Told } from "../../src/live/message.ts";
import type { ShownStall } from "../../src/live/stall_list.ts";
import { Rows } from "./rows.ts";
import { Table } from "./tables.ts";
import { bytes, clock, cores, count, none, percent, rate, time, uptime } from "./words.ts";

const rows = new Rows();
let latest: Message | undefined;
let windowSeconds = 300;
let isPaused = false;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

const title = h("h1", {}, "Live");
const about = h("span", { class: "about" });
const state = h("span", { role: "status", class: "state" }, "connecting");
const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => turnPause() }, "pause");
const windows = [1, 5, 15, 60].map((minutes) => {
  const attributes = { type: "button", "aria-pressed": String(minutes === 5), onclick: () => setWindow(minutes) };
  return h("button", attributes, `${minutes} min`);
});
const findings = h("ul", { id: "findings", "aria-label": "Findings", "aria-live": "polite", tabindex: "0" });
const heat = new Heat();
const lagAbsent = h("p", { class: "absent" });

const shownFindings = new Keyed<Finding, { nodes: HTMLElement[] }>(
  ({ severity, sentence, runbook }) => ({
    nodes: [h(
      "li",
      { class: severity },
      h("b", {}, severity),
      h("span", {}, sentence),
      h("a", { href: runbook, rel: "noreferrer", target: "_blank" }, "runbook"),
    )],
  }),
  () => {},
);
const fine = h("li", { class: "fine" }, h("b", {}, "fine"), h("span", {}, "Nothing is wrong."));

const stalls = new Table<ShownStall>(
  "stalls",
  "Stalls",
  [
    { head: "when", text: ({ beganAtUnixSeconds }) => clock(beganAtUnixSeconds) },
    {
      head: "how long",
      isNumber: true,
      text: ({ seconds }) => time(seconds),
      by: ({ seconds }) => seconds,
      mark: ({ seconds, isStart }) => isStart || !latest ? "" : severityOf(seconds, latest.thresholds),
    },
    { head: "who", text: whoOf, by: whoOf },
    { head: "where", text: ({ culprit }) => culprit ?? none, more: framesOf },
    {
      head: "on CPU",
      isNumber: true,
      text: ({ cpuSeconds, seconds }) => cpuSeconds === undefined ? none : percent(cpuSeconds / seconds),
    },
  ],
  ({ id }) => id,
);
const requests = new Table<RouteRow>(
  "requests",
  "Requests of the last minute",
  [
    { head: "route", text: routeOf, by: routeOf, more: sparkOf },
    { head: "rate", isNumber: true, text: ({ perSecond }) => rate(perSecond), by: ({ count }) => count },
    {
      head: "errors",
      isNumber: true,
      text: ({ errors }) => count(errors),
      by: ({ errors }) => errors,
      mark: ({ errors }) => errors > 0 ? "critical" : "",
    },
    ...(["p50", "p95", "p99"] as const).map((name) => ({
      head: name,
      isNumber: true as const,
      text: (line: RouteRow): string => time(line[name]),
      by: (line: RouteRow): number => numberOf(line[name]),
    })),
  ],
  routeOf,
);
const ages = new Table<{ age: string; count: number }>(
  "ages",
  "Requests in flight by age",
  [{ head: "age", text: ({ age }) => age }, { head: "requests", isNumber: true, text: (each) => count(each.count) }],
  ({ age }) => age,
);
const pools = new Table<PoolRow>(
  "pools",
  "Pools",
  [
    { head: "pool", text: ({ name }) => name, by: ({ name }) => name },
    {
      head: "active",
      isNumber: true,
      text: ({ active, capacity }) => `${count(active)}${capacity === undefined ? "" : ` / ${count(capacity)}`}`,
    },
    { head: "queued", isNumber: true, text: ({ queued }) => count(queued), by: ({ queued }) => queued ?? -1 },
    { head: "oldest waits", isNumber: true, text: ({ oldestWaitSeconds }) => time(oldestWaitSeconds) },
  ],
  ({ name }) => name,
);
const heap = new Chart("Heap and memory", {
  height: 120,
  format: bytes,
  lines: [
    { label: "heap", column: "heap_used", colour: "accent" },
    { label: "RSS", column: "rss", colour: "dim" },
  ],
});
const cpu = new Chart("CPU, in cores", {
  height: 120,
  format: cores,
  lines: [
    { label: "process", column: "cpu", colour: "accent", perSecond: true },
    { label: "throttled", column: "throttled", colour: "critical", perSecond: true },
  ],
});
const charts = [heap, cpu];

function panel(heading: string, name: string, ...children: Node[]): HTMLElement {
  const canvas = children.find((child) => child instanceof HTMLCanvasElement);
  const more = canvas ? [" ", pictureButton(heading, () => canvas)] : [];
  return h("section", { class: name }, h("h2", {}, heading, ...more), ...children);
}

document.getElementById("live")!.append(
  h("header", {}, title, about, state, h("span", { role: "group", "aria-label": "Time shown" }, ...windows), pause),
  findings,
  h(
    "div",
    { class: "grid" },
    panel("Event loop lag: every beat by how long it waited", "wide", lagAbsent, heat.canvas),
    panel("Stalls", "half", stalls.element),
    panel("Requests of the last minute", "half", requests.element),
    panel("In flight by age", "", ages.element),
    panel("Pools", "", pools.element),
    heap.element,
    cpu.element,
  ),
);

function severityOf(seconds: number, { warning, critical }: Message["thresholds"]): string {
  return seconds > critical ? "critical" : seconds > warning ? "warning" : "";
}

function whoOf({ kind, name, isStart }: ShownStall): string {
  return isStart ? "start of the process" : name || kind;
}

function routeOf({ method, route }: RouteRow): string {
  return `${method} ${route}`.trim();
}

function numberOf(value: Told): number {
  return value === "+Inf" ? Infinity : value ?? -1;
}

/** The requests of the last minutes as a little line. */
function sparkOf({ spark }: RouteRow): Node {
  const most = Math.max(1, ...spark);
  const bars = "▁▂▃▄▅▆▇█";
  const text = spark.slice(-12).map((each) => bars[Math.round(each / most * 7)]).join("");
  return h("span", { class: "spark", "aria-hidden": "true" }, text);
}

/** What is looked at on demand: the frames, and the profile to open elsewhere. */
function framesOf({ id, frames }: ShownStall): Node | undefined {
  if (frames === 0 && !latest?.hasProfiles) return undefined;
  const list = h("ol", { class: "frames" });
  list.hidden = true;
  const show = async (): Promise<void> => {
    list.hidden = !list.hidden;
    if (list.hidden || list.childElementCount > 0) return;
    const response = await fetch(`?stall=${encodeURIComponent(id)}`);
    const told = response.ok ? (await response.json() as { frames: { place: string; share?: number }[] }).frames : [];
    list.replaceChildren(...told.map(({ place, share }) => h("li", {}, `${percent(share)} ${place}`)));
  };
  return h(
    "span",
    {},
    ...frames > 0 ? [h("button", { type: "button", onclick: () => void show() }, "frames"), " "] : [],
    ...latest?.hasProfiles ? [h("a", { href: `?profile=${encodeURIComponent(id)}`, download: "" }, "profile")] : [],
    list,
  );
}

function draw(): void {
  if (!latest) return;
  const message = latest;
  const { title: name, runtime, version, pid, uptimeSeconds } = message.about;
  setText(title, name ?? location.host);
  document.title = `${message.findings.length > 0 ? "● " : ""}${name ?? location.host} live`;
  setText(
    about,
    [
      `${runtime} ${version}`,
      ...pid === undefined ? [] : [`pid ${pid}`],
      ...uptimeSeconds === undefined ? [] : [`up ${uptime(uptimeSeconds)}`],
    ].join(" · "),
  );
  if (message.findings.length > 0) shownFindings.show(findings, message.findings, ({ sentence }) => sentence);
  else findings.replaceChildren(fine);
  stalls.show(message.stalls, message.absent["stalls"] ?? "No stall so far.");
  requests.show(message.routes, message.absent["requests"] ?? "No request so far.");
  const last = rows.count - 1;
  const first = rows.column("age_0");
  const groups = [...message.ageBounds.map((bound) => `up to ${time(bound)}`), "older"];
  const told = message.absent["ages"] === undefined && last >= 0;
  ages.show(
    told ? groups.map((age, i) => ({ age, count: rows.value(last, first + i) || 0 })) : [],
    message.absent["ages"] ?? "",
  );
  pools.show(message.pools, message.absent["pools"] ?? "No pool is shown.");
  setText(lagAbsent, message.absent["lag"] ?? "");
  lagAbsent.hidden = message.absent["lag"] === undefined;
  const from = message.now - windowSeconds;
  heat.show(rows, from, message.now, message);
  for (const chart of charts) chart.show(rows, from, message.now);
}

function turnPause(): void {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  setText(pause, isPaused ? "go on" : "pause");
  if (!isPaused) draw();
}

function setWindow(minutes: number): void {
  windowSeconds = minutes * 60;
  for (const button of windows) button.setAttribute("aria-pressed", String(button.textContent === `${minutes} min`));
  draw();
}

async function ask(): Promise<void> {
  try {
    const cursor = latest?.cursor ?? "0";
    const response = await fetch(`?since=${encodeURIComponent(cursor)}`, {
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const message = await response.json() as Message;
    const isNew = rows.add(message);
    latest = message;
    failures = 0;
    setText(
      state,
      isNew
        ? `live, restarted at ${clock(message.now)}`
        : state.textContent!.startsWith("live")
        ? state.textContent!
        : "live",
    );
    if (!isPaused && !document.hidden) draw();
  } catch (error) {
    failures++;
    setText(state, `no answer: ${error instanceof Error ? error.message : "unknown"}`);
  }
  // The server keeps five minutes, so a tab that nobody sees misses nothing.
  timer = setTimeout(ask, document.hidden ? 60_000 : Math.min(30_000, 1000 * 2 ** Math.min(failures, 5)));
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  clearTimeout(timer);
  void ask();
});
addEventListener("resize", () => {
  for (const chart of charts) chart.resize();
  draw();
});
void ask();
