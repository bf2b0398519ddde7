/**
 * Durations in a metric of the app's own.
 *
 * @module
 */

import type { CallScope } from "./call_families.ts";
import { type Refuse, refuser } from "../check.ts";
import type { LoopHolder } from "../work/loop_blame.ts";
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

const refuse: Refuse = refuser("Cannot time work");

export function timer(scope: CallScope): Time {
  return (family, labels, work) => {
    if (typeof family?.observe !== "function") refuse(TypeError, "expected a histogram or a summary", family, true);
    if (typeof work !== "function") refuse(TypeError, "expected a function", work, true);
    const calls = scope();
    if (!calls) return work();
    const { runtime, self } = calls.core;
    const beganAt = runtime.now();
    const holder: LoopHolder = { heldBy: () => ["task", String(family.name ?? "time")] };
    return timing(() => calls.hold(holder, work), () => {
      // It throws for such as labels that the metric does not have: the work is done all the same.
      self.attempt("time", () => family.observe(labels as never, runtime.now() - beganAt));
    });
  };
}
