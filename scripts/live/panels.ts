/**
 * The panels that are tables: stalls, requests, those in flight, pools.
 *
 * @module
 */

import { address } from "./address.ts";
import { h } from "./dom.ts";
import type { PoolRow, RouteRow } from "../../src/live/message.ts";
import { quantile, type QuantileBounds } from "../../src/live/quantile.ts";
import type { RouteOfView, StallOfCopy, View } from "./join_messages.ts";
import { Table } from "./tables.ts";
import { between, clock, count, none, percent, rate, time } from "./words.ts";

/** A route with what is reckoned from its buckets. */
interface RouteLine extends RouteOfView {
  readonly quantiles: readonly (QuantileBounds | undefined)[];
}

const shares = [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]] as const;

/** The stalls; `about` is what is shown now. */
export function stallTable(about: () => View | undefined): Table<StallOfCopy> {
  return new Table<StallOfCopy>(
    "stalls",
    "Stalls",
    [
      { head: "when", text: ({ beganAtUnixSeconds }) => clock(beganAtUnixSeconds) },
      {
        head: "how long",
        isNumber: true,
        text: ({ seconds }) => time(seconds),
        by: ({ seconds }) => seconds,
        mark: (stall) => markOf(stall, about()?.thresholds),
      },
      { head: "who", text: whoOf, by: whoOf },
      {
        head: "where",
        text: ({ culprit }) => culprit ?? none,
        more: (stall) => framesOf(stall, about()?.hasProfiles ?? false),
      },
      {
        head: "on CPU",
        isNumber: true,
        text: ({ cpuSeconds, seconds }) => cpuSeconds === undefined ? none : percent(cpuSeconds / seconds),
      },
    ],
    ({ id, copyId = "" }) => `${copyId} ${id}`,
  );
}

function markOf({ seconds, isStart, kind }: StallOfCopy, thresholds: View["thresholds"] | undefined): string {
  if (!thresholds || isOfModules({ isStart, kind }) || seconds <= thresholds.warning) return "";
  return seconds > thresholds.critical && !isStart ? "critical" : "warning";
}

/** The process was still beginning, and nobody is accused. */
function isOfModules({ isStart, kind }: Pick<StallOfCopy, "isStart" | "kind">): boolean {
  return isStart && kind === "unknown";
}

/** Who held the loop where it was nobody's code, as the findings call them. */
const nobodys: Readonly<Record<string, string>> = {
  scrape: "the metrics' own pages",
  metrics: "the recorder of stalls",
  gc: "collections of garbage",
  host: "the machine",
};

function whoOf({ kind, name, isStart, copy }: StallOfCopy): string {
  const ofNobody = Object.hasOwn(nobodys, kind) ? nobodys[kind]! : kind;
  const who = isOfModules({ isStart, kind }) ? "start of the process" : name || ofNobody;
  return copy === undefined ? who : `${copy}: ${who}`;
}

/** What is looked at on demand: the frames, and the profile to open elsewhere. */
function framesOf({ id, frames, copyId }: StallOfCopy, hasProfiles: boolean): Node | undefined {
  // What nobody's code was seen in has no profile worth a look.
  if (frames === 0) return undefined;
  const list = h("ol", { class: "frames" });
  list.hidden = true;
  const copy = copyId ? { copy: copyId } : {};
  const show = async (): Promise<void> => {
    list.hidden = !list.hidden;
    button.setAttribute("aria-expanded", String(!list.hidden));
    if (list.hidden) return;
    const response = await fetch(address({ stall: id, ...copy })).catch(() => undefined);
    const told = response?.ok ? (await response.json() as { frames: { place: string; share?: number }[] }).frames : [];
    const lines = told.map(({ place, share }) => h("li", {}, `${percent(share)} ${place}`));
    const isGone = response?.ok || response?.status === 404;
    list.replaceChildren(...lines.length > 0 ? lines : [h("li", {}, isGone ? "no longer kept" : "no answer")]);
  };
  const button = h("button", { type: "button", "aria-expanded": "false", onclick: () => void show() }, "frames");
  return h(
    "span",
    {},
    button,
    " ",
    ...hasProfiles ? [h("a", { href: address({ profile: id, ...copy }), download: "" }, "profile")] : [],
    list,
  );
}

/** The requests of the last minute, by route. */
export class RequestTable {
  readonly #table = new Table<RouteLine>(
    "requests",
    "Requests of the last minute",
    [
      { head: "route", text: routeOf, by: routeOf },
      { head: "5 min", text: () => "", more: () => sparkLine(), update: updateSpark },
      {
        head: "rate",
        isNumber: true,
        text: ({ perSecond }) => rate(perSecond),
        by: ({ perSecond }) => perSecond ?? -1,
      },
      {
        head: "errors",
        isNumber: true,
        text: ({ errors }) => count(errors),
        by: ({ errors }) => errors,
        mark: ({ errors }) => errors > 0 ? "critical" : "",
      },
      ...shares.map(([head], i) => ({
        head,
        isNumber: true as const,
        text: ({ quantiles }: RouteLine): string => between(quantiles[i]),
        by: ({ quantiles }: RouteLine): number => quantiles[i]?.most ?? -1,
      })),
    ],
    routeOf,
  );
  readonly element: HTMLElement = this.#table.element;

  show({ routes, durationBounds, absent }: View): void {
    const lines = routes.map((route): RouteLine => ({
      ...route,
      quantiles: shares.map(([, share]) => quantile(route.buckets, durationBounds, share)),
    }));
    this.#table.show(lines, absent["requests"] ?? "No request so far.");
  }
}

function routeOf({ method, route }: RouteRow): string {
  return `${method} ${route}`.trim();
}

const svg = "http://www.w3.org/2000/svg";
const [sparkWidth, sparkHeight] = [72, 14];

/** The requests of the last five minutes as a little line. */
function sparkLine(): Node {
  const picture = document.createElementNS(svg, "svg");
  picture.setAttribute("class", "spark");
  picture.setAttribute("viewBox", `0 0 ${sparkWidth} ${sparkHeight}`);
  picture.setAttribute("aria-hidden", "true");
  picture.append(document.createElementNS(svg, "path"));
  return picture;
}

function updateSpark(picture: Node, { spark }: RouteLine): void {
  // The last step is under way, and would always fall.
  const done = spark.slice(0, -1);
  const most = Math.max(1, ...done);
  const points = done.map((each, i) =>
    `${(i / Math.max(1, done.length - 1) * sparkWidth).toFixed(1)} ${
      (sparkHeight - 1 - each / most * (sparkHeight - 2)).toFixed(1)
    }`
  );
  const path = picture.firstChild as SVGPathElement;
  const drawn = `M${points.join("L")}`;
  if (path.getAttribute("d") !== drawn) path.setAttribute("d", drawn);
}

interface AgeGroup {
  readonly age: string;
  readonly count: number;
  readonly share: number;
}

/** The requests in flight by age, and other work that is pending. */
export class AgeTable {
  readonly #table = new Table<AgeGroup>(
    "ages",
    "Requests in flight by age",
    [
      { head: "age", text: ({ age }) => age },
      { head: "", text: () => "", more: () => h("span", { class: "bar" }), update: updateBar },
      { head: "requests", isNumber: true, text: (group) => count(group.count) },
    ],
    ({ age }) => age,
  );
  readonly element: HTMLElement = this.#table.element;

  /** Shows how many there are in each group, how old the oldest one is, and what other work is pending. */
  show({ ageBounds, absent, inFlight, pending }: View): void {
    const { ages: counts = [], oldestSeconds: oldest = 0 } = inFlight ?? {};
    const most = Math.max(1, ...counts);
    const groups = ageBounds.map((bound) => `up to ${time(bound)}`);
    const lines = [...groups, "older"].map((age, i) => ({
      age,
      count: counts[i] ?? 0,
      share: (counts[i] ?? 0) / most,
    }));
    this.#table.show(absent["ages"] === undefined ? lines : [], absent["ages"] ?? "");
    this.#table.note(
      [
        ...oldest > 0 ? [`The oldest is ${time(oldest)} old.`] : [],
        ...pending.map(({ kind, count: all, oldestSeconds }) =>
          `${kind}: ${count(all)} pending, the oldest for ${time(oldestSeconds)}.`
        ),
      ].join(" "),
    );
  }
}

function updateBar(bar: Node, { share }: AgeGroup): void {
  (bar as HTMLElement).style.width = `${Math.round(share * 100)}%`;
}

/** The pools. */
export function poolTable(): Table<PoolRow> {
  return new Table<PoolRow>(
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
}
