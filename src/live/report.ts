/**
 * What viewers are told: the same for all of them, written once for each second.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { absences } from "./absences.ts";
import { type FindingsReport, windowSeconds } from "./finding.ts";
import { findFindings } from "./findings.ts";
import { History } from "./history.ts";
import type { Message } from "./message.ts";
import { ageBounds, lagBounds, type Reading, takeReading } from "./reading.ts";
import { RouteTable, stepSeconds } from "./route_table.ts";
import { thresholds } from "./signals.ts";
import type { StallList } from "./stall_list.ts";

/** A reading that is older is taken anew when somebody asks, and one that is younger is not followed by the next. */
const [staleSeconds, freshSeconds] = [1, 0.5];

/** How many texts are kept: viewers who miss an answer ask for more than the others. */
const mostTexts = 16;

/** Reads once a second, and writes what viewers ask for. */
export class Report {
  readonly #core: Core;
  readonly #stalls: StallList;
  readonly #title: string | undefined;
  /** Tells viewers that the process behind the address is another one. */
  readonly #run: string = crypto.randomUUID().slice(0, 8);
  readonly #bounds: readonly number[];
  readonly #history: History;
  readonly #routes = new RouteTable();
  #reading: Reading;
  readonly #texts = new Map<number, string>();
  #found: FindingsReport | undefined;
  #readings = 0;

  /** Makes a report that has read once. */
  constructor(core: Core, stalls: StallList, title: string | undefined) {
    this.#core = core;
    this.#stalls = stalls;
    this.#title = title;
    this.#bounds = lagBounds(core);
    this.#history = new History(this.#bounds);
    this.#reading = this.#read();
  }

  /** The timer's: takes a reading, unless somebody who asked has just had one taken. */
  tick(): void {
    if (this.#core.runtime.now() - this.#reading.now >= freshSeconds) this.#reading = this.#read();
  }

  /** How many readings there were so far: what was written is of the newest. */
  get readings(): number {
    this.#refresh();
    return this.#readings;
  }

  /** What is wrong now. */
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
    return text;
  }

  #refresh(): void {
    if (this.#core.runtime.now() - this.#reading.now >= staleSeconds) this.#reading = this.#read();
  }

  #read(): Reading {
    const reading = takeReading(this.#core);
    this.#routes.update(this.#core.http, reading.now);
    this.#history.add(reading, this.#routes.totals, this.#core.runtime.unixNow());
    this.#texts.clear();
    this.#found = undefined;
    this.#readings++;
    return reading;
  }

  #find(): FindingsReport {
    const begin = this.#history.newest - windowSeconds;
    const findings = findFindings({
      reading: this.#reading,
      history: this.#history,
      lagBounds: this.#bounds,
      routes: this.#lines().routes,
      stalls: this.#stalls.recent().filter((stall) => stall.beganAtUnixSeconds + stall.seconds > begin),
    });
    const severity = findings.some((finding) => finding.severity === "critical") ? 2 : findings.length > 0 ? 1 : 0;
    return { severity, findings };
  }

  #lines(): ReturnType<RouteTable["lines"]> {
    return this.#routes.lines(this.#reading.now, thresholds.latency_slow);
  }

  #message(row: number): Message {
    const { sample } = this.#reading;
    const { name, version, engine } = this.#core.runtime;
    const { seconds, routes } = this.#lines();
    return {
      run: this.#run,
      cursor: `${this.#run}.${this.#history.rows}`,
      now: this.#history.newest,
      about: {
        title: this.#title,
        runtime: name,
        version,
        engine,
        pid: (globalThis as { process?: { pid?: number } }).process?.pid,
        uptimeSeconds: sample.uptimeSeconds,
      },
      columns: this.#history.columns,
      lagBounds: this.#bounds,
      ageBounds,
      thresholds: { warning: thresholds.lag_warning, critical: thresholds.lag_critical },
      rows: this.#history.from(row),
      ...this.findings(),
      routes: routes.map(({ slow: _, ...line }) => line),
      routeSeconds: seconds,
      durationBounds: this.#routes.bounds,
      stepSeconds,
      oldestRequestSeconds: sample.oldestAges.get("http_request"),
      pools: [...sample.pools].map(([name, numbers]) => ({ name, ...numbers })),
      pending: [...sample.pending].filter(([kind, count]) => count > 0 && kind !== "http_request")
        .map(([kind, count]) => ({ kind, count, oldestSeconds: sample.oldestAges.get(kind) })),
      limits: {
        heapBytes: sample.memory?.heapLimitBytes,
        memoryBytes: sample.container?.memoryLimitBytes,
        cpuCores: sample.container?.cpuLimitCores,
      },
      stalls: this.#stalls.recent(),
      hasProfiles: this.#stalls.hasProfiles,
      absent: absences(this.#core, this.#reading, this.#stalls),
    };
  }
}
