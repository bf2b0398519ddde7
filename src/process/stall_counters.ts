/**
 * The counters of stalls.
 *
 * @module
 */

import type { Counter } from "../metrics/counter.ts";
import type { Families } from "../metrics/families.ts";
import type { Stall } from "./blame.ts";

export class StallCounters {
  readonly #stalls: Counter;
  readonly #seconds: Counter;
  readonly #cpuSeconds: Counter | undefined;

  /** Makes the families; `unknown` begins at 0, so that its first stall is an increase. */
  constructor(families: Families, tellsCpu: boolean) {
    this.#stalls = families.counter("eventloop_stalls_total");
    this.#seconds = families.counter("eventloop_stall_seconds_total");
    this.#cpuSeconds = tellsCpu ? families.counter("eventloop_stall_cpu_seconds_total") : undefined;
    this.expect("unknown");
  }

  /** Begins the series of a kind without a name at 0. */
  expect(kind: string): void {
    for (const counter of [this.#stalls, this.#seconds, this.#cpuSeconds]) counter?.slot(kind, "");
  }

  /** Counts a stall: once, for who held it the longest, and its seconds for each who did. */
  count({ shares }: Stall): void {
    const { kind, name } = shares[0]!;
    this.#stalls.add(this.#stalls.slot(kind, name));
    for (const { kind, name, seconds, cpuSeconds } of shares) {
      this.#seconds.add(this.#seconds.slot(kind, name), seconds);
      if (cpuSeconds !== undefined) this.#cpuSeconds?.add(this.#cpuSeconds.slot(kind, name), cpuSeconds);
    }
  }
}
