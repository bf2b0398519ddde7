/**
 * What viewers are told: the same for all of them, written once for each second.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Sample } from "../sample.ts";
import { absences } from "./absences.ts";
import { type FindingsReport, windowSeconds } from "./finding.ts";
import { findFindings } from "./findings.ts";
import type { Message } from "./message.ts";
import { History } from "./history.ts";
import { ageBounds, inFlight } from "./in_flight.ts";
import type { Recording } from "./recording.ts";
import { type RouteLines, routeLines } from "./route_table.ts";
import { thresholds } from "./signals.ts";
import type { StallList } from "./stall_list.ts";

/** How many texts are kept: viewers who miss an answer ask for more than the others. */
const mostTexts = 16;

export interface ReportSources {
  readonly core: Core;
  readonly recording: Recording;
  readonly stalls: StallList;
  readonly title: string | undefined;
}

export class Report {
  readonly #sources: ReportSources;
  readonly #history: History;
  /** Tells viewers that the process behind the address is another one. */
  readonly #run: string = crypto.randomUUID().slice(0, 8);
  readonly #texts = new Map<number, string>();
  /** Which reading the rest is of. */
  #readings = 0;
  #sample: Sample | undefined;
  #found: FindingsReport | undefined;
  #routes: RouteLines | undefined;

  constructor(sources: ReportSources) {
    this.#sources = sources;
    this.#history = new History(sources.recording);
  }

  /** How many readings there were so far: what was written is of the newest. */
  get readings(): number {
    this.#refresh();
    return this.#readings;
  }

  findings(): FindingsReport {
    this.#refresh();
    return this.#found ??= this.#find();
  }

  /**
   * Everything that came after what a viewer knows, as JSON.
   *
   * @param since The `cursor` of the answer before, perhaps among those of other copies, or a Unix time in seconds;
   * anything else is told everything.
   */
  since(since: string): string {
    this.#refresh();
    const cursor = since.split(",").find((each) => each.startsWith(`${this.#run}.`));
    const row = cursor?.slice(this.#run.length + 1);
    const known = row === undefined ? this.#history.rowAfter(Number(since)) : /^\d{1,15}$/.test(row) ? Number(row) : 0;
    let text = this.#texts.get(known);
    if (text === undefined) {
      if (this.#texts.size >= mostTexts) this.#texts.clear();
      this.#texts.set(known, text = JSON.stringify(this.#message(known)));
    }
    // Of a reading a second ago what is in flight would be told as younger than by another copy, or as over.
    const { core: { http, runtime } } = this.#sources;
    return http ? `${text.slice(0, -1)},"inFlight":${JSON.stringify(inFlight(http.pending, runtime.now()))}}` : text;
  }

  #refresh(): void {
    const readings = this.#sources.recording.refresh();
    if (readings === this.#readings) return;
    this.#readings = readings;
    this.#texts.clear();
    this.#found = this.#sample = this.#routes = undefined;
  }

  /** What else is told of this moment: it is taken for whoever looks, and by no timer. */
  #now(): Sample {
    return this.#sample ??= this.#sources.core.refresh();
  }

  #find(): FindingsReport {
    const { recording: { lagBounds }, stalls } = this.#sources;
    const history = this.#history;
    // Stalls are told by the wall clock, and rows never go back with it; those that lie ahead were told before it did.
    const now = this.#sources.core.runtime.unixNow();
    const findings = findFindings({
      sample: this.#now(),
      history,
      lagBounds,
      routes: this.#lines().routes,
      stalls: stalls.recent().filter(({ beganAtUnixSeconds, seconds }) =>
        beganAtUnixSeconds + seconds > now - windowSeconds && beganAtUnixSeconds < now + windowSeconds
      ),
    });
    const severity = findings.some((finding) => finding.severity === "critical") ? 2 : findings.length > 0 ? 1 : 0;
    return { severity, findings };
  }

  /** Findings and the table are of the same numbers. */
  #lines(): RouteLines {
    const { core, recording } = this.#sources;
    return this.#routes ??= routeLines(recording.routes, core.http, core.runtime.now(), thresholds.latency_slow);
  }

  #message(row: number): Omit<Message, "inFlight"> {
    const { core, recording, stalls, title } = this.#sources;
    const history = this.#history;
    const sample = this.#now();
    const { name, version } = core.runtime;
    const { seconds, routes } = this.#lines();
    return {
      run: this.#run,
      cursor: `${this.#run}.${history.rows}`,
      now: history.newest,
      about: {
        title,
        runtime: name,
        version,
        pid: (globalThis as { process?: { pid?: number } }).process?.pid,
        uptimeSeconds: sample.uptimeSeconds,
      },
      columns: history.columns,
      lagBounds: recording.lagBounds,
      ageBounds,
      thresholds: { warning: thresholds.lag_warning, critical: thresholds.lag_critical },
      rows: history.from(row),
      ...this.findings(),
      routes: routes.map(({ slow: _, ...line }) => line),
      routeSeconds: seconds,
      durationBounds: recording.routes.bounds,
      pools: [...sample.pools].map(([name, numbers]) => ({ name, ...numbers })),
      pending: [...sample.oldestAges].filter(([kind]) => kind !== "http_request")
        .map(([kind, oldestSeconds]) => ({ kind, count: sample.pending.get(kind) ?? 0, oldestSeconds }))
        .filter(({ count }) => count > 0),
      limits: {
        heapBytes: sample.memory?.heapLimitBytes,
        memoryBytes: sample.container?.memoryLimitBytes,
        cpuCores: sample.container?.cpuLimitCores,
      },
      stalls: stalls.recent(),
      hasProfiles: stalls.hasProfiles,
      absent: absences(core, sample, recording, stalls),
    };
  }
}
