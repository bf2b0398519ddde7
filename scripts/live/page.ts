/**
 * What runs in the browser: asks once a second what is new, and shows it.
 *
 * @module
 */

import { address } from "./address.ts";
import { Chart } from "./charts.ts";
import { h, Keyed, setChildren, setText } from "./dom.ts";
import { Heat } from "./heat.ts";
import type { CopiesTold } from "../../src/live/message.ts";
import type { FindingOfCopy } from "./join_messages.ts";
import { OwnSeriesPanel } from "./own_series.ts";
import { AgeTable, poolTable, RequestTable, stallTable } from "./panels.ts";
import { everyCopy, type Shown, Store } from "./store.ts";
import { bytes, clock, cores, uptime } from "./words.ts";

const store = new Store();
/** What is seen now; while the page pauses, what was seen then. */
let shown: Shown | undefined;
let windowSeconds = 300;
let isPaused = false;
let failures = 0;
let isAsking = false;
let timer: ReturnType<typeof setTimeout> | undefined;
/** What is said while answers come. */
let living = "connecting";
/** What is said of the last restart. */
let restart = "";
/** Why the last question was not answered. */
let reason = "";
/** When the first question was asked that has not been answered, by the page's clock; undefined where all have been. */
let askedAt: number | undefined;

/** So long an answer is waited for in silence: two are missing then. */
const silentSeconds = 2.5;

const title = h("h1", {}, "Live");
const about = h("span", { class: "about" });
const stateParts = ["connecting", "", ""].map((text, i) => h("span", { "aria-hidden": i === 1 && "true" }, text));
const state = h("span", { role: "status", class: "state" }, ...stateParts);
const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => turnPause() }, "pause");
const windows = [1, 5, 15, 60].map((minutes) => {
  const attributes = { type: "button", "aria-pressed": String(minutes === 5), onclick: () => setWindow(minutes) };
  return h("button", attributes, `${minutes} min`);
});
const copies = h("select", { id: "copy", onchange: () => pick() });
const copyLabel = h("label", { for: "copy" }, "copy: ", copies);
copyLabel.hidden = true;
const findings = h("ul", { id: "findings", "aria-label": "Findings", "aria-live": "polite", tabindex: "0" });

const shownFindings = new Keyed<FindingOfCopy, { nodes: HTMLElement[] }>(
  ({ severity, sentence, runbook, copy }) => ({
    nodes: [h(
      "li",
      { class: severity },
      h("b", {}, severity),
      h("span", {}, copy === undefined ? sentence : `${copy}: ${sentence}`),
      h("a", { href: runbook, rel: "noreferrer", target: "_blank" }, "runbook"),
    )],
  }),
  () => {},
);
const fineSentence = h("span", {}, "Nothing is wrong.");
const fine = h("li", { class: "fine" }, h("b", {}, "fine"), fineSentence);

const heat = new Heat();
const stalls = stallTable(() => shown?.view);
const requests = new RequestTable();
const ages = new AgeTable();
const pools = poolTable();
const own = new OwnSeriesPanel(() => store.picked);
const heap = new Chart("Heap and memory", {
  height: 152,
  format: bytes,
  // Sizes are in powers of two, and so is their axis.
  steps: Array.from({ length: 50 }, (_, power) => 2 ** power),
  lines: [
    { label: "heap", column: "heap_used", colour: "accent", absentAs: "heap" },
    { label: "RSS", column: "rss", colour: "dim", absentAs: "memory" },
  ],
});
const cpu = new Chart("CPU, in cores", {
  height: 152,
  format: cores,
  lines: [
    { label: "process", column: "cpu", colour: "accent", perSecond: true, absentAs: "cpu" },
    { label: "throttled", column: "throttled", colour: "critical", perSecond: true, absentAs: "throttled" },
  ],
});

function panel(heading: string, name: string, ...children: Node[]): HTMLElement {
  return h("section", { class: name }, h("h2", {}, heading), ...children);
}

document.getElementById("live")!.append(
  h(
    "header",
    {},
    ...[title, about, state, copyLabel],
    h("span", { role: "group", "aria-label": "Time shown" }, ...windows),
    ...[own.button, pause],
  ),
  findings,
  h(
    "div",
    { class: "grid" },
    heat.element,
    panel("Stalls", "half", stalls.element),
    panel("Requests of the last minute", "half", requests.element),
    panel("In flight by age", "", ages.element),
    panel("Pools", "", pools.element),
    heap.element,
    cpu.element,
    own.element,
  ),
);

function draw(): void {
  if (!shown) return;
  const { view, rows } = shown;
  const { title: name, runtime, version, pid, uptimeSeconds } = view.about;
  const several = shown.copies.length > 1;
  setText(title, name ?? location.host);
  document.title = `${view.findings.length > 0 ? "● " : ""}${name ?? location.host} live`;
  setText(
    about,
    [
      `${runtime} ${version}`,
      ...several ? [`${shown.copies.length} copies`] : [],
      ...pid === undefined || several ? [] : [`pid ${pid}`],
      ...uptimeSeconds === undefined ? [] : [`up ${uptime(uptimeSeconds)}`],
    ].join(" · "),
  );
  if (view.findings.length > 0) {
    shownFindings.show(findings, view.findings, ({ copy = "", sentence }) => `${copy} ${sentence}`);
  } else setChildren(findings, [fine]);
  stalls.show(view.stalls, view.absent["stalls"] ?? "No stall so far.");
  requests.show(view);
  ages.show(view);
  pools.show(view.pools, view.absent["pools"] ?? "No pool is shown.");
  const from = view.now - windowSeconds;
  heat.show(rows, from, view.now, view);
  const { heapBytes, memoryBytes, cpuCores } = view.limits;
  heap.show(rows, from, view.now, view.absent, limit(bytes, memoryBytes ?? heapBytes));
  cpu.show(rows, from, view.now, view.absent, limit(cores, cpuCores));
}

function limit(format: (value: number) => string, value: number | undefined): string {
  return value === undefined ? "" : `limit ${format(value)}`;
}

/** Offers the copies, where there are several. */
function drawCopies(): void {
  copyLabel.hidden = store.copies.length < 2;
  const options = [["all", everyCopy] as const, ...store.copies.map((copy) => [nameOf(copy), copy.id] as const)];
  // A list that is open is left alone.
  if (options.map(([text, id]) => `${id} ${text}`).join() === copies.dataset["told"]) return;
  copies.dataset["told"] = options.map(([text, id]) => `${id} ${text}`).join();
  copies.replaceChildren(...options.map(([text, id]) => h("option", { value: id }, text)));
  copies.value = store.picked;
}

function nameOf({ name, isSilent, message }: Store["copies"][number]): string {
  if (isSilent) return `${name} · ${message ? "no answer" : "no live page"}`;
  return message?.severity === 2 ? `${name} · critical` : message?.severity === 1 ? `${name} · warning` : name;
}

function pick(): void {
  store.picked = copies.value;
  shown = store.shown();
  draw();
}

function turnPause(): void {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  setText(pause, isPaused ? "go on" : "pause");
  if (isPaused) return;
  shown = store.shown();
  draw();
}

function setWindow(minutes: number): void {
  windowSeconds = minutes * 60;
  for (const button of windows) button.setAttribute("aria-pressed", String(button.textContent === `${minutes} min`));
  draw();
}

/** Asks, unless an answer is waited for: one question after the other, however often the tab is shown and hidden. */
async function ask(): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  askedAt ??= performance.now();
  clearTimeout(timer);
  try {
    const response = await fetch(address(store.question), { cache: "no-store", signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const restarted = store.add(await response.json() as CopiesTold);
    failures = 0;
    askedAt = undefined;
    drawCopies();
    if (restarted !== undefined) restart = `, restarted at ${clock(restarted)}`;
    const others = store.isShared ? ", one of several processes that answer here and are not joined" : "";
    living = `live${restart}${others}`;
    if (!isPaused) shown = store.shown();
    if (!isPaused && !document.hidden) draw();
  } catch (error) {
    failures++;
    reason = error instanceof Error ? error.message : "unknown";
  }
  isAsking = false;
  tellState();
  // The server keeps five minutes, so a tab that nobody sees misses nothing.
  timer = setTimeout(ask, document.hidden ? 60_000 : Math.min(30_000, 1000 * 2 ** Math.min(failures, 5)));
}

/** Says whether answers come; for how long none has come is not read out each second. */
function tellState(): void {
  const seconds = askedAt === undefined ? 0 : (performance.now() - askedAt) / 1000;
  const isSilent = failures > 0 || seconds > silentSeconds;
  const texts = isSilent
    ? ["no answer", ` for ${uptime(seconds)}`, failures > 0 ? `: ${reason}` : ""]
    : [living, "", ""];
  for (const [i, text] of texts.entries()) setText(stateParts[i]!, text);
  state.classList.toggle("critical", isSilent);
  setText(fineSentence, isSilent ? "Nothing was wrong when an answer came last." : "Nothing is wrong.");
}

setInterval(tellState, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void ask();
});
addEventListener("resize", () => {
  for (const chart of [heap, cpu]) chart.resize();
  draw();
});
void ask();
