/**
 * Durations in a metric of the app's own.
 *
 * @module
 */

import type { CallScope } from "./scope.ts";
import { heldBy, type LoopHolder } from "../work/loop_blame.ts";
import { timing } from "../work/timing.ts";

/** A histogram or a summary of prom-client 15 or `@prometheus-io/client`, by shape. */
export interface ObservableLike {
  /** Takes one observation. */
  observe(labels: never, seconds: number): void;
  /** What it is called. */
  readonly name?: string;
}

/** See {@linkcode Calls.time}. */
export type Time = <Result>(
  family: ObservableLike,
  labels: Readonly<Record<string, string | number>>,
  work: () => Result,
) => Result;

/**
 * Makes `calls.time`.
 */
export function timer(scope: CallScope): Time {
  return (family, labels, work) => {
    if (typeof family?.observe !== "function") {
      throw new TypeError(`Cannot time work: expected a histogram or a summary, got ${typeof family}`);
    }
    if (typeof work !== "function") throw new TypeError(`Cannot time work: expected a function, got ${typeof work}`);
    const core = scope.core();
    if (!core) return work();
    const beganAt = core.runtime.now();
    const holder: LoopHolder = { heldBy: () => ["task", String(family.name ?? "time")] };
    return timing(() => heldBy(core.blame, core.runtime.now, holder, work), () => {
      // It throws for such as labels that the metric does not have: the work is done all the same.
      core.self.attempt("time", () => family.observe(labels as never, Math.max(0, core.runtime.now() - beganAt)));
    });
  };
}
